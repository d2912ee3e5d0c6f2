/** @file How performance reports look, and the little that moves in them. */

/** After Okabe and Ito, with four more; readable on white and on black. */
const COLORS = [
  ...["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"],
  ...["#8a6a00", "#7a3e9d", "#4c9085", "#a05252", "#6b7280", "#9aa82f"],
];

const FILLS = COLORS.map((color, i) => `.c${i}{fill:${color};background:${color}}`).join("");

export const STYLE: string = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 20%,transparent)}
body{font:14px system-ui,sans-serif;margin:0 auto;max-width:1400px;padding:0 24px 48px}
h1{font-size:20px;margin:20px 0 4px}h2{font-size:16px;margin:28px 0 8px}
nav a{margin-right:12px}
table{border-collapse:collapse}th,td{padding:3px 12px 3px 0;text-align:left;vertical-align:top}
tr{border-top:1px solid var(--line)}th{font-weight:600}
td{font-variant-numeric:tabular-nums}
td i{display:inline-block;width:10px;height:10px;border-radius:2px}
pre{max-height:300px;overflow:auto;border:1px solid var(--line);padding:8px}
.stream{display:flex;border:1px solid var(--line)}
.labels{flex:none;max-width:220px;border-right:1px solid var(--line)}
.labels div{height:20px;line-height:20px;padding:0 8px;overflow:hidden;white-space:nowrap;
text-overflow:ellipsis;font-size:12px}
.scroll{flex:1;overflow-x:auto}.wide{position:relative;width:100%}
.wide svg{display:block;width:100%}.wide rect:hover{opacity:.7}
.ticks{position:relative;height:20px;font-size:11px}
.ticks span{position:absolute;border-left:1px solid currentColor;padding-left:3px}
.zoom{display:block;margin-bottom:6px}.zoom input{width:220px;vertical-align:middle}
.flames{position:relative;border:1px solid var(--line);overflow:hidden}
.flames div{position:absolute;box-sizing:border-box;height:17px;line-height:17px;font-size:11px;
padding:0 3px;overflow:hidden;white-space:nowrap;color:#fff;border-right:1px solid Canvas}
.failed{fill:#b00020}
${FILLS}`;

/** Widens the task stream. */
export const SCRIPT = `
for (const label of document.querySelectorAll(".zoom")) {
  const wide = label.parentElement.querySelector(".wide");
  label.querySelector("input").addEventListener("input", (event) => {
    wide.style.width = event.target.value * 100 + "%";
  });
}
`;
