// A map that can be moved about and comes closer. It is a quarter of a megabyte, so it comes when somebody asks for it.
import "maplibre-gl/dist/maplibre-gl.css";
import { useQuery } from "@tanstack/react-query";
import {
  type GeoJSONSource,
  LngLatBounds,
  Map as MapLibre,
  Marker,
  type StyleSpecification,
  setWorkerUrl,
} from "maplibre-gl";
import workerAddress from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { useEffect, useRef, useState } from "react";
import type { MapProps, Spot, Stop } from "./geometry.ts";
import { type Countries, loadCountries } from "./outlines.ts";

/** The style that the server names, if it names one. */
const STYLE = document.querySelector<HTMLMetaElement>('meta[name="peerpack-map-style"]')?.content;

// A worker out of a file of ours: the policy of the page allows no other.
setWorkerUrl(workerAddress);

interface MovableMapProps extends MapProps {
  /** The device has taken its graphics away. */
  onLost: () => void;
}

export default function MovableMap({ stops, courier, label, isTown, onLost }: MovableMapProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<MapLibre>();
  const { data: countries } = useQuery({
    queryKey: ["countries"],
    queryFn: loadCountries,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const lost = useRef(onLost);
  lost.current = onLost;
  useEffect(() => {
    const container = frame.current;
    if (!container || !countries) return;
    const made = new MapLibre({
      container,
      style: STYLE ?? outlines(countries),
      bounds: boundsOf(stops),
      fitBoundsOptions: { padding: 48, maxZoom: isTown ? 13 : 9 },
      maxZoom: isTown ? 16 : 12,
      // Whose map it is has to be said, unless it is nobody's.
      attributionControl: STYLE ? {} : false,
    });
    made.on("webglcontextlost", () => lost.current());
    let isThere = false;
    // A map that cannot be had is drawn by ourselves.
    made.on("error", () => isThere || lost.current());
    made.once("style.load", () => {
      isThere = true;
      const { sources, layers } = ownParts(stops);
      for (const [name, source] of Object.entries(sources)) made.addSource(name, source);
      for (const layer of layers) made.addLayer(layer);
    });
    for (const stop of stops) {
      const element = document.createElement("span");
      element.className = "map-name";
      element.textContent = stop.name;
      new Marker({ element, anchor: "left", offset: [10, 0] }).setLngLat([stop.lon, stop.lat]).addTo(made);
    }
    made.once("load", () => setMap(made));
    return () => {
      setMap(undefined);
      made.remove();
    };
  }, [countries, stops, isTown]);
  useEffect(() => {
    if (!map || !courier) return;
    // However often the courier is heard of, it is drawn once a frame.
    const next = requestAnimationFrame(() => {
      const point = { type: "Point" as const, coordinates: [courier.lon, courier.lat] };
      (map.getSource("courier") as GeoJSONSource).updateData({ update: [{ id: 1, newGeometry: point }] });
      map.setPaintProperty("courier", "circle-opacity", 1);
      map.setPaintProperty("courier", "circle-stroke-opacity", 0.3);
    });
    return () => cancelAnimationFrame(next);
  }, [map, courier]);
  return <div className="map" role="img" aria-label={label} ref={frame} data-ready={map ? "" : undefined} />;
}

function boundsOf(stops: readonly Spot[]): LngLatBounds {
  const bounds = new LngLatBounds();
  for (const { lon, lat } of stops) bounds.extend([lon, lat]);
  return bounds;
}

/** A colour of the app as the library reads it, which knows no mixtures. */
function colour(css: string): string {
  const probe = document.createElement("span");
  probe.style.color = css;
  document.body.append(probe);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d");
  if (!pen) return css;
  pen.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return `rgb(${r}, ${g}, ${b})`;
}

/** A map without anybody's tiles. */
function outlines(countries: Countries): StyleSpecification {
  return {
    version: 8,
    sources: { countries: { type: "geojson", data: countries } },
    layers: [
      { id: "water", type: "background", paint: { "background-color": colour("var(--water)") } },
      { id: "land", type: "fill", source: "countries", paint: { "fill-color": colour("var(--land)") } },
      {
        id: "borders",
        type: "line",
        source: "countries",
        paint: { "line-color": colour("var(--border)"), "line-width": 1 },
      },
    ],
  };
}

/** The way, its stops and the courier, on whichever map. */
function ownParts(stops: readonly Stop[]): Pick<StyleSpecification, "sources" | "layers"> {
  const accent = colour("var(--link)");
  const card = colour("var(--card)");
  const point = (spot: Spot, id: number) => ({
    type: "Feature" as const,
    id,
    properties: {},
    geometry: { type: "Point" as const, coordinates: [spot.lon, spot.lat] },
  });
  const start = stops[0] ?? { lat: 0, lon: 0 };
  return {
    sources: {
      route: {
        type: "geojson",
        data: {
          type: "Feature",
          properties: {},
          geometry: { type: "LineString", coordinates: stops.map(({ lon, lat }) => [lon, lat]) },
        },
      },
      stops: { type: "geojson", data: { type: "FeatureCollection", features: stops.map(point) } },
      courier: { type: "geojson", data: { type: "FeatureCollection", features: [point(start, 1)] } },
    },
    layers: [
      {
        id: "route",
        type: "line",
        source: "route",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": accent, "line-width": 3, "line-dasharray": [0.1, 2] },
      },
      {
        id: "stops",
        type: "circle",
        source: "stops",
        paint: {
          "circle-radius": 5,
          "circle-color": card,
          "circle-stroke-color": accent,
          "circle-stroke-width": 3,
        },
      },
      {
        id: "courier",
        type: "circle",
        source: "courier",
        paint: {
          "circle-radius": 8,
          "circle-color": colour("var(--good)"),
          "circle-opacity": 0,
          "circle-stroke-color": colour("var(--good)"),
          "circle-stroke-width": 8,
          "circle-stroke-opacity": 0,
        },
      },
    ],
  };
}
