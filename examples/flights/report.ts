/**
 * @file The page that the flights example writes: plots as inline SVG, tables as HTML, no scripts
 * and no network, so the one file can be mailed or opened from a disk.
 */

/** A row of a table: every row has the same fields. */
export type Row = Readonly<Record<string, unknown>>;

/** A part of the page. */
export interface Section {
  readonly title: string;
  readonly text: string;
  /** SVG text. */
  readonly plot?: string;
  readonly rows?: readonly Row[];
}

/** The whole page as HTML. */
export function pageOf(title: string, lead: string, sections: readonly Section[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeText(title)}</h1><p>${escapeText(lead)}</p></header>
<main>
${sections.map(sectionOf).join("\n")}
</main>
<footer>Made by <code>examples/flights.ts</code> with Heddle.</footer>
</body>
</html>
`;
}

function sectionOf({ title, text, plot, rows }: Section): string {
  const figure = plot === undefined ? "" : `<figure>${plot}</figure>`;
  const table = rows === undefined ? "" : tableOf(rows);
  return `<section><h2>${escapeText(title)}</h2><p>${escapeText(text)}</p>${figure}${table}</section>`;
}

function tableOf(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: unknown): string =>
    typeof value === "number"
      ? `<td class="number">${formatNumber(value)}</td>`
      : `<td>${escapeText(String(value))}</td>`;
  const head = names.map((name) => {
    const kind = typeof rows[0]?.[name] === "number" ? ' class="number"' : "";
    return `<th${kind}>${escapeText(wordsOf(name))}</th>`;
  });
  const body = rows.map((row) => `<tr>${names.map((name) => cell(row[name])).join("")}</tr>`);
  return `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** `meanDelay` as "mean delay". */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** With thousands in groups; two digits after the point, or none for whole numbers. */
export function formatNumber(value: number): string {
  const digits = Number.isInteger(value) ? 0 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function escapeText(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

const STYLE = `
:root { --ink: #1c2430; --soft: #5b6675; --line: #dde2e8; --card: #ffffff; --ground: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #2d3644; --card: #14171c; --ground: #0b0e12; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 1400px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 28px; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 0; font-size: 1.05rem; }
p, footer { color: var(--soft); margin: 4px 0 12px; }
main { display: grid; gap: 16px; padding-top: 12px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 16px; min-width: 0; }
figure { margin: 0; }
figure svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { padding: 5px 10px 5px 0; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
footer { padding: 16px; font-size: 0.875rem; }
`;
