import { describe, expect, test } from "vitest";
import { signed } from "../src/api.ts";
import { SignedOut } from "../src/problem.ts";
import { memoryVault, Session } from "../src/session.ts";
import type { SignedIn } from "../src/wire.ts";

const user = { id: "u1", name: "Анна", avatar: "", role: "user" } as SignedIn["user"];

/** A server that hands out tokens, each refresh token good once. */
function server() {
  let count = 0;
  let good = "r0";
  const refreshes: string[] = [];
  const send = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname;
    if (path === "/api/auth/refresh") {
      const { refresh_token } = (await request.json()) as { refresh_token: string };
      refreshes.push(refresh_token);
      if (refresh_token !== good)
        return Response.json({ code: "invalid_token", message: "" }, { status: 401 });
    } else if (!path.startsWith("/api/auth/")) {
      const isGood = request.headers.get("authorization") === `Bearer a${count}`;
      return isGood
        ? Response.json({ me: count })
        : Response.json({ code: "token_expired" }, { status: 401 });
    }
    count += 1;
    good = `r${count}`;
    return Response.json({
      access_token: `a${count}`,
      refresh_token: good,
      expires_in: 900,
      is_new: false,
      user,
    });
  };
  return { send, refreshes, expire: () => (count += 1), revoke: () => (good = "nothing") };
}

describe("a session", () => {
  test("is taken up without a network, and gets its token when one is needed", async () => {
    const { send, refreshes } = server();
    const session = new Session("http://server", memoryVault({ refreshToken: "r0", user }), send);
    expect((await session.restore())?.name).toBe("Анна");
    expect(refreshes).toEqual([]);
    expect(await session.token()).toBe("a1");
  });

  test("is renewed once for all who ask at the same time", async () => {
    const { send, refreshes } = server();
    const session = new Session("http://server", memoryVault({ refreshToken: "r0", user }), send);
    const tokens = await Promise.all([session.token(), session.token(), session.token()]);
    expect(new Set(tokens)).toEqual(new Set(["a1"]));
    expect(refreshes).toEqual(["r0"]);
  });

  test("gets another token when one is refused, and repeats the call", async () => {
    const { send, expire } = server();
    const session = new Session("http://server", memoryVault(), send);
    await session.withTelegram("init data");
    expire();
    const response = await signed(session, send)(new Request("http://server/api/user/profile"));
    expect(response.status).toBe(200);
  });

  test("ends when its family was revoked, and tells", async () => {
    const { send, revoke } = server();
    const vault = memoryVault({ refreshToken: "r0", user });
    const session = new Session("http://server", vault, send);
    await session.restore();
    const heard: unknown[] = [];
    session.onChange(who => heard.push(who));
    revoke();
    await expect(session.token()).rejects.toThrow(SignedOut);
    expect(heard).toEqual([undefined]);
    expect(await vault.load()).toBeUndefined();
  });
});
