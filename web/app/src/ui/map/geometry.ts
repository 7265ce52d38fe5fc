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
  /** Whether the way lies within one town: then the map comes close to it. */
  isTown?: boolean | undefined;
}

/** A part of the flat map. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The map is no wider than it has to be, but shows so much around a way within one town, degrees. */
const MIN_WIDTH = 4;
/** The same for a map of a town. */
const MIN_WIDTH_TOWN = 0.06;
/** How much of the map's width is left free around a way. */
const MARGIN = 0.22;

/** Web Mercator, both axes in degrees of longitude, downwards. */
export function project({ lat, lon }: Spot): readonly [x: number, y: number] {
  const bounded = Math.max(-85, Math.min(85, lat));
  const y = Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360));
  return [lon, (-y * 180) / Math.PI];
}

/** The latitude of a height on the flat map. */
function latitudeOf(y: number): number {
  return (Math.atan(Math.exp((-y * Math.PI) / 180)) * 360) / Math.PI - 90;
}

/** The part of the map, of a given shape (width to height), that shows all spots. */
export function boxAround(spots: readonly Spot[], shape: number, isTown = false): Box {
  const points = spots.map(project);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const wanted = Math.max(right - left, (bottom - top) * shape, isTown ? MIN_WIDTH_TOWN : MIN_WIDTH);
  const width = wanted / (1 - 2 * MARGIN);
  const height = width / shape;
  return { x: (left + right - width) / 2, y: (top + bottom - height) / 2, width, height };
}

/** Whether a spot lies in a part of the map. */
export function isWithin(spot: Spot, box: Box): boolean {
  const [x, y] = project(spot);
  return x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
}

/** Round steps between lines, in degrees: within a town, those of a few kilometres. */
const STEPS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

/** The lines of round degrees in a part of the map, about four each way, as the path of a drawing. */
export function graticuleOf(box: Box): string {
  const step = STEPS.find(degrees => degrees * 5 >= box.width) ?? 30;
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const parts: string[] = [];
  for (let lon = Math.ceil(box.x / step) * step; lon < right; lon += step)
    parts.push(`M${lon} ${box.y}V${bottom}`);
  const south = Math.max(-80, Math.floor(latitudeOf(bottom) / step) * step);
  const north = Math.min(80, latitudeOf(box.y));
  for (let lat = south; lat <= north; lat += step) {
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
