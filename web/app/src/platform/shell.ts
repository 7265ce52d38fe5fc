// The shell that is kept on the device (`worker/sw.ts`), and the change to a newer one.

/** How often the server is asked for a newer build at most, milliseconds. */
const PAUSE_MS = 3_600_000;

export interface Shell {
  /** Asks for a newer build, if nobody has for an hour. */
  look: () => void;
}

/**
 * Keeps the shell on the device, where that is possible. `onNewer` hears of a newer build that waits, with how to change
 * over to it: the page loads itself anew then, and never by itself.
 */
export async function keepShell(onNewer: (changeOver: () => void) => void): Promise<Shell | undefined> {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const registration = await workers?.register("/sw.js").catch(() => undefined);
  if (!workers || !registration) return undefined;
  const tell = () => {
    // Without a controller this is the first build that this device sees.
    if (!registration.waiting || !workers.controller) return;
    onNewer(() => {
      // Meanwhile a still newer one may wait, or another tab may have changed over.
      const { waiting } = registration;
      if (!waiting) location.reload();
      workers.addEventListener("controllerchange", () => location.reload(), { once: true });
      waiting?.postMessage("change-over");
    });
  };
  tell();
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", tell),
  );
  let looked = performance.now();
  return {
    look: () => {
      if (performance.now() - looked < PAUSE_MS) return;
      looked = performance.now();
      void registration.update().catch(() => undefined);
    },
  };
}
