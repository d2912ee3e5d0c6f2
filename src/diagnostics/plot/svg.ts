/** @file Writing SVG text: escaping, attributes, short numbers, widths of texts. */

/** Attributes by name; undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Text that may stand in SVG or HTML. */
export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A coordinate with at most two decimals. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** An element; children are SVG text already. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  let head = name;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    head += ` ${key}="${typeof value === "number" ? px(value) : escapeText(value)}"`;
  }
  return children.length === 0 ? `<${head}/>` : `<${head}>${children.join("")}</${name}>`;
}

/** A text element. */
export function textElement(text: string, attributes: Attributes): string {
  return element("text", attributes, escapeText(text));
}

/** What browsers show when the pointer rests on a mark, and screen readers read. */
export function tooltip(text: string): string {
  return element("title", {}, escapeText(text));
}

const NARROW = /[iljtfr.,:;'|!()[\] ]/;
const WIDE = /[mwMW@%—]/;

/** About how wide a text is in the plots' font, in pixels: there is no font to ask. */
export function textWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width * fontSize;
}

function letterWidth(letter: string): number {
  if (NARROW.test(letter)) return 0.36;
  if (WIDE.test(letter) || letter > "\u2FFF") return 0.95;
  return /[A-Z]/.test(letter) ? 0.72 : 0.61;
}

/** The text, cut with an ellipsis to about `width` pixels. */
export function fitText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`, fontSize) > width) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
}
