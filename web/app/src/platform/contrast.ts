// Makes a theme legible. People make themes of any colours, and Telegram's own have grey letters that many cannot read;
// so each colour of letters moves towards the text's own until it stands out from every ground that it may be on.

type Rgb = readonly [r: number, g: number, b: number];

/** What WCAG wants of letters of usual size. */
const ENOUGH = 4.5;
const STEPS = 20;

/** A colour `#rrggbb`; nothing if it is none. */
export function rgb(text: string | undefined): Rgb | undefined {
  const digits = /^#([0-9a-f]{6})$/i.exec(text ?? "")?.[1];
  if (!digits) return undefined;
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map(at => Number.parseInt(digits.slice(at, at + 2), 16));
  return [r, g, b];
}

const hex = (colour: Rgb) =>
  `#${colour.map(part => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** A colour with a part of another one in it. */
function mix([r, g, b]: Rgb, [r2, g2, b2]: Rgb, part: number): Rgb {
  const one = (from: number, to: number) => from + (to - from) * part;
  return [one(r, r2), one(g, g2), one(b, b2)];
}

function luminance(colour: Rgb): number {
  const [r = 0, g = 0, b = 0] = colour.map(part => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** How much two colours differ, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

export const isDark = (colour: Rgb) => luminance(colour) < 0.18;

/** The first of the colours between one and another that does. */
function moved(from: Rgb, to: Rgb, does: (colour: Rgb) => boolean): Rgb {
  for (let step = 0; step < STEPS; step++) {
    const colour = mix(from, to, step / STEPS);
    if (does(colour)) return colour;
  }
  return to;
}

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** The colours of a theme, by Telegram's names, as they can be read. Without a ground and a text nothing is changed. */
export function legible(
  theme: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const card = rgb(theme.section_bg_color ?? theme.bg_color);
  const text = rgb(theme.text_color);
  if (!card || !text) return { ...theme };
  const page = rgb(theme.secondary_bg_color) ?? card;
  const dark = isDark(card);
  // Letters of any colour may end at the far end only, because a text may itself be weak.
  const far = contrast(text, card) >= ENOUGH ? text : dark ? WHITE : BLACK;
  const grounds = [card, page, mix(card, far, 0.07), mix(page, far, 0.07)];
  const reads = (colour: Rgb) =>
    [...grounds, mix(card, colour, 0.15), mix(page, colour, 0.15)].every(
      ground => contrast(colour, ground) >= ENOUGH,
    );
  const letters = (name: string, own: string) => ({
    [name]: hex(moved(rgb(theme[name]) ?? rgb(own) ?? far, far, reads)),
  });
  const onButton = rgb(theme.button_text_color) ?? WHITE;
  const button = moved(
    rgb(theme.button_color) ?? far,
    isDark(onButton) ? WHITE : BLACK,
    colour => contrast(colour, onButton) >= ENOUGH,
  );
  const bad = letters("destructive_text_color", dark ? "#ff7b72" : "#b3211f");
  const badge = rgb(bad.destructive_text_color) ?? far;
  return {
    ...theme,
    text_color: hex(far),
    ...letters("subtitle_text_color", theme.hint_color ?? (dark ? "#9aa7b5" : "#5b6774")),
    ...letters("link_color", theme.button_color ?? (dark ? "#7db0ff" : "#1f5fd6")),
    ...bad,
    ...letters("good_color", dark ? "#4cc38a" : "#0d6238"),
    ...letters("warm_color", dark ? "#f0a94b" : "#8a4400"),
    button_color: hex(button),
    button_text_color: hex(onButton),
    on_bad_color: hex(contrast(badge, WHITE) >= ENOUGH ? WHITE : BLACK),
  };
}
