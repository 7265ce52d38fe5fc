// The outlines of the countries (Natural Earth, public domain), served by us: a map without anybody's tiles.
import type { FeatureCollection, MultiPolygon, Polygon } from "geojson";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import address from "world-atlas/countries-110m.json?url";

export type Countries = FeatureCollection<Polygon | MultiPolygon>;

type Atlas = Topology<{ countries: GeometryCollection }>;

export async function loadCountries(): Promise<Countries> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the outlines are not there: ${answer.status}`);
  const atlas = (await answer.json()) as Atlas;
  return feature(atlas, atlas.objects.countries) as Countries;
}

/** Every ring of every country. */
export function ringsOf(countries: Countries): number[][][] {
  return countries.features.flatMap(({ geometry }) =>
    geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat(),
  );
}
