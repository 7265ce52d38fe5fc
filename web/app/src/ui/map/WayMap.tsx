// The way of a trip on a map, and its courier: drawn at once; to be moved about once somebody wants to.
import { lazy, Suspense, useEffect, useState } from "react";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { MoveIcon } from "../icons.tsx";
import type { MapProps, Spot, Stop } from "./geometry.ts";
import { SvgMap } from "./SvgMap.tsx";

const MovableMap = lazy(() => import("./maplibre.tsx"));

interface WayMapProps {
  stops: readonly Stop[];
  courier?: Spot | undefined;
  /** Whether it lies within one town. */
  isTown?: boolean;
}

export default function WayMap({ stops, courier, isTown }: WayMapProps) {
  const { t } = useTexts();
  const [isMovable, setIsMovable] = useState(false);
  const [canMove, setCanMove] = useState(hasGraphics);
  const [first, last] = [stops[0], stops.at(-1)];
  if (!first || !last) return null;
  const props: MapProps = { stops, courier, isTown, label: t.map.label(first.name, last.name) };
  const drawn = <SvgMap {...props} />;
  if (isMovable) {
    const onLost = () => {
      setCanMove(false);
      setIsMovable(false);
    };
    return (
      <Suspense fallback={drawn}>
        <WithoutSwipes />
        <MovableMap {...props} onLost={onLost} />
      </Suspense>
    );
  }
  return (
    <div className="map-frame">
      {drawn}
      {canMove && (
        <button
          type="button"
          className="icon-button"
          aria-label={t.map.move}
          onClick={() => setIsMovable(true)}
        >
          <MoveIcon />
        </button>
      )}
    </div>
  );
}

/** Whether the device can draw a map that moves. */
function hasGraphics(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

/** A finger that moves the map downwards does not mean to close the app. */
function WithoutSwipes() {
  const platform = usePlatform();
  useEffect(() => {
    platform.allowSwipes(false);
    return () => platform.allowSwipes(true);
  }, [platform]);
  return null;
}
