// Where things are on a flat map.

/** A point on the earth, degrees. */
export interface Spot {
  lat: number;
  lon: number;
}

/** A stop of a way, with its name in the reader's language. */
export interface Stop extends Spot {
  name: string;
}

/** What every map is given. */
export interface MapProps {
  stops: readonly Stop[];
  /** Where the courier was last, if that is known. */
  courier: Spot | undefined;
  /** What the map shows, in words. */
  label: string;
}

/** A part of the flat map. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The map is no wider than it has to be, but shows so much around a way within one town, degrees. */
const LEAST_WIDTH = 4;
/** How much of the map's width is left free around a way. */
const MARGIN = 0.22;

/** Web Mercator, both axes in degrees of longitude, downwards. */
export function project({ lat, lon }: Spot): readonly [x: number, y: number] {
  const bounded = Math.max(-85, Math.min(85, lat));
  const y = Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360));
  return [lon, (-y * 180) / Math.PI];
}

/** The part of the map, of a given shape (width to height), that shows all spots. */
export function boxAround(spots: readonly Spot[], shape: number): Box {
  const points = spots.map(project);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const wanted = Math.max(right - left, (bottom - top) * shape, LEAST_WIDTH);
  const width = wanted / (1 - 2 * MARGIN);
  const height = width / shape;
  return { x: (left + right - width) / 2, y: (top + bottom - height) / 2, width, height };
}

/** The lines of whole degrees in a part of the map, about four each way, as the path of a drawing. */
export function graticuleOf(box: Box): string {
  const step = [1, 2, 5, 10, 20].find(degrees => degrees * 5 >= box.width) ?? 30;
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const parts: string[] = [];
  for (let lon = Math.ceil(box.x / step) * step; lon < right; lon += step)
    parts.push(`M${lon} ${box.y}V${bottom}`);
  for (let lat = -80; lat <= 80; lat += step) {
    const [, y] = project({ lat, lon: 0 });
    if (y > box.y && y < bottom) parts.push(`M${box.x} ${y}H${right}`);
  }
  return parts.join("");
}

/** Rings of land that reach into a part of the map, as the path of a drawing. */
export function pathOf(rings: readonly (readonly (readonly number[])[])[], box: Box): string {
  const parts: string[] = [];
  // Two digits more than a pixel needs.
  const digits = Math.max(0, Math.ceil(-Math.log10(box.width / 10_000)));
  for (const ring of rings) {
    const points = ring.map(([lon = 0, lat = 0]) => project({ lat, lon }));
    const isSeen =
      points.some(([x]) => x > box.x) &&
      points.some(([x]) => x < box.x + box.width) &&
      points.some(([, y]) => y > box.y) &&
      points.some(([, y]) => y < box.y + box.height);
    if (isSeen)
      parts.push(`M${points.map(([x, y]) => `${x.toFixed(digits)} ${y.toFixed(digits)}`).join("L")}Z`);
  }
  return parts.join("");
}
