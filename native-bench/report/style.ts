/* The page's style sheet: light by default, dark when the reader's system is. The servers' colours are told apart by
 * lightness as well as hue, and every bar carries its name, so nothing hangs on colour alone. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfaf9; --card: #ffffff; --ink: #1d1b22; --soft: #6a6670; --line: #e6e2df; --track: #eceae8;
  --redis: #98a0ab; --valkey: #3f7fd0; --spinel: #c01648; --good: #1a7f4b; --bad: #b4430c; --point: #1d1b22;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131217; --card: #1b1a21; --ink: #eceaf0; --soft: #a09ba9; --line: #2e2c36; --track: #2a2831;
    --redis: #747c88; --valkey: #6aa5f0; --spinel: #f0487a; --good: #4fc98a; --bad: #f09050; --point: #ffffff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
main { max-width: 960px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 0 0 4px; }
p { margin: 4px 0 14px; color: var(--soft); max-width: 72ch; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin-top: 20px;
}
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin-top: 14px; }
.legend span { display: inline-flex; align-items: center; gap: 7px; }
.legend i { width: 12px; height: 12px; border-radius: 3px; display: inline-block; }
i.redis { background: var(--redis); } i.valkey { background: var(--valkey); } i.spinel { background: var(--spinel); }
.score { font-size: 18px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--soft); white-space: nowrap; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); }
table.dense { font-size: 12.5px; }
table.dense th, table.dense td { padding-right: 9px; }
tr:last-child td { border-bottom: 0; }
td.figure, th.figure { text-align: right; white-space: nowrap; }
td.case { font-weight: 600; white-space: nowrap; }
td.server { white-space: nowrap; }
.met { color: var(--good); } .missed { color: var(--bad); }
.better { color: var(--good); } .worse { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 20px; margin: 8px 0 0; font-size: 13.5px; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: 8px 0 0; padding-left: 20px; color: var(--soft); font-size: 13.5px; }
figure { margin: 14px 0 0; }
figcaption { font-size: 13.5px; color: var(--soft); }
svg.chart { display: block; width: 100%; height: auto; margin-top: 10px; }
svg.bullet-bar { display: block; width: 220px; height: 16px; }
svg text { font-size: 12px; fill: var(--ink); }
svg text.group { font-weight: 600; }
svg text.label { text-anchor: end; fill: var(--soft); }
svg text.tick { text-anchor: middle; fill: var(--soft); font-size: 11px; }
svg text.tick-left { text-anchor: end; fill: var(--soft); font-size: 11px; }
svg text.value { font-variant-numeric: tabular-nums; }
svg text.limit-label { fill: var(--soft); font-size: 11px; }
.grid { stroke: var(--line); stroke-width: 1; }
.limit { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 3 2; }
.track { fill: var(--track); }
.bullet.met { fill: var(--good); } .bullet.missed { fill: var(--bad); }
.bar.redis, .disc.redis { fill: var(--redis); }
.bar.valkey, .disc.valkey { fill: var(--valkey); }
.bar.spinel, .disc.spinel { fill: var(--spinel); }
.point { fill: var(--point); fill-opacity: 0.35; }
.range, .stop, .ring, .curve { fill: none; stroke-width: 2; }
.ring { fill: var(--card); }
.range.redis, .stop.redis, .ring.redis, .curve.redis { stroke: var(--redis); }
.range.valkey, .stop.valkey, .ring.valkey, .curve.valkey { stroke: var(--valkey); }
.range.spinel, .stop.spinel, .ring.spinel, .curve.spinel { stroke: var(--spinel); }
`
