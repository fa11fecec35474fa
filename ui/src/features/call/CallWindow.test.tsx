import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { CallWindow } from "./CallWindow";

beforeAll(async () => {
  // The library asks it for selectors; jsdom has none.
  vi.stubGlobal("CSS", { escape: (text: string) => text });
  await startI18n();
});
afterEach(cleanup);

function open(scene: string) {
  const host = fakeHost(scene);
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <HostProvider host={host}>
        <CallWindow />
      </HostProvider>
    </QueryClientProvider>,
  );
  return host;
}

const tile = (person: string) =>
  waitFor(() => {
    const found = screen.getAllByTestId("call-tile").find((each) => each.dataset["person"] === person);
    if (!found) throw new Error(`no tile of ${person}`);
    return found;
  });

test("everyone has a tile with their name; who is muted is marked, who has no camera on is told by initials", async () => {
  open("call-group");
  const lena = await tile("d-lena-1");
  expect(within(lena).getByLabelText("muted")).toBeTruthy();
  expect(within(await tile("d-ben-1")).queryByLabelText("muted")).toBeNull();
  const ines = await tile("d-ines-1");
  expect(within(ines).queryByTestId("call-picture")).toBeNull();
  expect(ines.textContent).toMatch(/^Iines/);
});

test("a guest is named as one, and the code to read aloud stands there until it was compared", async () => {
  open("call-guest");
  expect((await tile("g-aldaine")).textContent).toMatch(/browser guest/);
  expect(screen.getByTestId("call-code").textContent).toBe("4821 0937 6655");
  await userEvent.click(screen.getByTestId("call-code-same"));
  expect(screen.queryByTestId("call-code")).toBeNull();
  await userEvent.keyboard("p");
  expect(screen.getByTestId("call-code").textContent).toBe("4821 0937 6655");
});

test("a client at the door is let in by one press, and nobody else comes in with them", async () => {
  open("call-group");
  await userEvent.click(await screen.findByTestId("call-admit"));
  expect((await tile("g-moreau")).textContent).toMatch(/Claire Moreau/);
  expect(screen.queryByTestId("call-waiting")).toBeNull();
});

test.each([
  ["m", { microphone: false, camera: true }],
  ["v", { microphone: true, camera: false }],
])("the key %s switches one thing and leaves the other", async (key, request) => {
  const host = open("call");
  const media = vi.spyOn(host.commands, "call_set_media");
  await tile("d-ben-1");
  await userEvent.keyboard(key);
  expect(media).toHaveBeenCalledExactlyOnceWith({ request });
});

test("keys do nothing to the call while a question lies over it, or with a modifier", async () => {
  const host = open("call");
  const media = vi.spyOn(host.commands, "call_set_media");
  await tile("d-ben-1");
  await userEvent.keyboard("{Control>}m{/Control}");
  await userEvent.keyboard("s");
  await screen.findAllByTestId("share-option");
  await userEvent.keyboard("mv");
  expect(media).not.toHaveBeenCalled();
});

test("a screen is chosen before it is shared, and sharing stops by the same key", async () => {
  const host = open("call");
  const share = vi.spyOn(host.commands, "call_set_screen");
  await tile("d-ben-1");
  await userEvent.keyboard("s");
  await userEvent.click(await screen.findByText("Price list — Spreadsheet"));
  await userEvent.click(screen.getByTestId("share-start"));
  expect(share).toHaveBeenLastCalledWith({ screen: { kind: "window", id: "w-2" } });
  await screen.findByText("You share your screen.");
  await userEvent.keyboard("s");
  expect(share).toHaveBeenLastCalledWith({ screen: null });
});

test("the statistics say by what each frame and the transport are protected, and Escape puts them away", async () => {
  open("call");
  await tile("d-ben-1");
  await userEvent.keyboard("i");
  expect((await screen.findByTestId("stats-srtp")).textContent).toBe("AEAD_AES_256_GCM");
  expect(screen.getByTestId("stats-frames").textContent).toBe("SFrame AES-256-GCM · refused: 0");
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByTestId("stats-srtp")).toBeNull();
});

test("while it connects again the time that is left is told; lost, one is asked", async () => {
  open("call-reconnecting");
  expect((await screen.findByTestId("call-countdown")).textContent).toMatch(/^1[0-9] s left$/);
  cleanup();
  const host = open("call-lost");
  const retry = vi.spyOn(host.commands, "call_retry");
  await userEvent.click(await screen.findByTestId("call-retry"));
  expect(retry).toHaveBeenCalledOnce();
});

test("a call that nobody wants says so, stays, and can be tried again", async () => {
  const host = open("call-declined");
  const start = vi.spyOn(host.commands, "call_start");
  expect((await screen.findByTestId("call-ended")).textContent).toMatch(/declined/);
  await userEvent.click(screen.getByTestId("call-again"));
  expect(start).toHaveBeenCalledOnce();
});

test("a camera that was unplugged is said in words, and another is chosen on the spot", async () => {
  const host = open("call-problem");
  const take = vi.spyOn(host.commands, "call_set_camera");
  expect(await screen.findByText(/not there any more: choose another/)).toBeTruthy();
  await userEvent.click(screen.getByTestId("call-problem-action"));
  await userEvent.click(await screen.findByTestId("call-choose-camera"));
  await userEvent.click(await screen.findByTestId("option-id:/dev/video2"));
  expect(take).toHaveBeenCalledExactlyOnceWith({ source: { kind: "device", id: "/dev/video2" } });
  await waitFor(() => {
    expect(screen.queryByTestId("call-problem")).toBeNull();
  });
});

test("what is wrong with a device can be put away", async () => {
  open("call-problem");
  await userEvent.click(within(await screen.findByTestId("call-problem")).getByLabelText("Close"));
  expect(screen.queryByTestId("call-problem")).toBeNull();
});

test("where a shared screen is gone, something else can be shared", async () => {
  open("call-unshared");
  await userEvent.click(await screen.findByTestId("call-problem-action"));
  expect(await screen.findAllByTestId("share-option")).toHaveLength(3);
});

test("a device that was chosen and is gone is not passed off as another", async () => {
  localStorage.setItem("bezel.calls", JSON.stringify({ speaker: { kind: "device", id: "out-9" } }));
  open("call");
  await tile("d-ben-1");
  await userEvent.click(screen.getByTestId("call-microphone-menu"));
  expect((await screen.findByTestId("call-choose-speaker")).textContent).toBe("Not there any more");
  localStorage.clear();
});
