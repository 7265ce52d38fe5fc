// A person at the API: what a test needs to be there, but does not look at.

/** People are new in every test, so that tests do not meet each other. */
let lastNumber = 800_000_000 + Math.floor(Math.random() * 100_000_000);

const NAMES: Record<string, string> = { anna: "Анна", ivan: "Иван", pyotr: "Пётр" };

export class Account {
  readonly number = ++lastNumber;
  /** The name of this person's storage in a browser of the demo. */
  readonly scope: string;
  private readonly url: string;
  private readonly name: string;
  private token: Promise<string> | undefined;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = NAMES[name] ?? name;
    this.scope = `${name}-${this.number}`;
  }

  /** What Telegram would hand to the app of this person. */
  async initData(): Promise<string> {
    const query = new URLSearchParams({ user: String(this.number), name: this.name });
    const response = await fetch(`${this.url}/dev/login?${query}`);
    return ((await response.json()) as { init_data: string }).init_data;
  }

  async call<T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<T> {
    this.token ??= this.signIn();
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${await this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  private async signIn(): Promise<string> {
    const response = await fetch(`${this.url}/api/auth/telegram`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ init_data: await this.initData() }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  /** Calls off what would meet the people of the next test: packages that wait, and trips that have room. */
  async leave(): Promise<void> {
    const { packages } = await this.call<{ packages: { id: string; state: string }[] }>(
      "GET",
      "/api/user/packages",
    );
    const { trips } = await this.call<{ trips: { id: string; state: string }[] }>("GET", "/api/user/trips");
    const waiting = packages
      .filter(one => one.state === "open" || one.state === "assigned")
      .map(one => `/api/packages/${one.id}/cancel`);
    const live = trips.filter(one => one.state === "active").map(one => `/api/trips/${one.id}/cancel`);
    for (const path of [...waiting, ...live]) await this.call("PUT", path, {});
  }

  /** Publishes a trip that can carry what {@link publishPackage} sends. */
  async publishTrip([from, to]: readonly [string, string]): Promise<string> {
    const date = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    const body = {
      from,
      to,
      date,
      time: "08:00",
      transportType: "car",
      capacity: "large",
      max_detour_min: 30,
    };
    return (await this.call<{ trip_id: string }>("POST", "/api/trips", body)).trip_id;
  }

  async publishPackage(
    [from, to]: readonly [string, string],
    more: {
      description?: string;
      reward?: number;
      mode?: "instant" | "choose";
      hand_over_codes?: boolean;
    } = {},
  ): Promise<string> {
    const body = {
      from,
      to,
      description: "Две книги",
      reward: 1_500,
      size: "s",
      weight: "light",
      contents_confirmed: true,
      ...more,
    };
    return (await this.call<{ package_id: string }>("POST", "/api/packages", body)).package_id;
  }
}
