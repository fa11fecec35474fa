import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { Calls } from "./Calls";

beforeAll(async () => {
  // The library asks it for selectors; jsdom has none.
  vi.stubGlobal("CSS", { escape: (text: string) => text });
  await startI18n();
});
afterEach(cleanup);

async function open(scene = "calls") {
  const host = fakeHost(scene);
  const onConversation = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <HostProvider host={host}>
        <Calls onConversation={onConversation} />
      </HostProvider>
    </QueryClientProvider>,
  );
  await screen.findByRole("heading");
  return { host, onConversation };
}

const outcomes = () => screen.getAllByTestId("call-line").map((line) => line.dataset["outcome"]);

test("each call says what came of it, and one that was, how it was", async () => {
  await open();
  const lines = await screen.findAllByTestId("call-line");
  expect(lines[0]?.textContent).toMatch(/lena called.*Missed/);
  expect(lines[1]?.textContent).toMatch(/with a client.*24:02.*30 pictures\/s · 34 ms · 0\.2% lost/);
  expect(lines[2]?.textContent).toMatch(/1:32.*34 ms/);
  expect(lines[4]?.textContent).toMatch(/through the relay/);
});

test("the missed ones are those that one did not answer, not those that nobody answered", async () => {
  const { host } = await open();
  const [first] = await host.commands.call_history({ request: { conversation: null, before: null, limit: 1 } });
  expect(first?.mine).toBe(false);
  await screen.findAllByTestId("call-line");
  await userEvent.click(screen.getByTestId("calls-missed"));
  expect(outcomes()).toEqual(["missed", "missed"]);
  await userEvent.click(screen.getByTestId("calls-guests"));
  expect(outcomes()).toEqual(["completed"]);
});

test("calling back looks before it calls", async () => {
  const { host } = await open();
  const start = vi.spyOn(host.commands, "call_start");
  await userEvent.click((await screen.findAllByTestId("call-back"))[0] as HTMLElement);
  await screen.findByTestId("call-start");
  expect(start).not.toHaveBeenCalled();
  await userEvent.click(screen.getByTestId("call-start"));
  expect(start.mock.calls[0]?.[0].request).toMatchObject({ conversation: "c-1", media: "video" });
});

test("the way to the conversation is one press", async () => {
  const { onConversation } = await open();
  await userEvent.click((await screen.findAllByRole("button", { name: "Ben" }))[0] as HTMLElement);
  expect(onConversation).toHaveBeenCalledExactlyOnceWith("c-4");
});

test("where there were none it is said how one calls", async () => {
  await open("main");
  expect(await screen.findByText("No calls yet")).toBeTruthy();
});

test("links that still work say who made them, until when, and whether they are used, and are withdrawn", async () => {
  const { host } = await open();
  const revoke = vi.spyOn(host.commands, "call_link_revoke");
  await userEvent.click(screen.getByTestId("calls-links"));
  const lines = await screen.findAllByTestId("link-line");
  expect(lines).toHaveLength(3);
  expect(lines[0]?.textContent).toMatch(/by you · until .*, .* · used/);
  expect(lines[1]?.textContent).toMatch(/lena · until .* · works until it ends/);
  expect(lines[2]?.textContent).toMatch(/works once/);
  await userEvent.click(screen.getAllByTestId("link-withdraw")[1] as HTMLElement);
  expect(revoke).toHaveBeenCalledExactlyOnceWith({ link: "link-2" });
  expect((await screen.findByTestId("link-withdrawn")).textContent).toMatch(/no longer works/);
  expect(screen.getAllByTestId("link-line")).toHaveLength(2);
});

test("without a relay the links can't be told, and are asked for again", async () => {
  const { host } = await open();
  const refusal = { code: "offline", message: "The relay can't be reached.", next_step: "", details: "" };
  vi.spyOn(host.commands, "call_links").mockRejectedValueOnce(refusal);
  await userEvent.click(screen.getByTestId("calls-links"));
  await screen.findByText("The relay can't be reached.");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findAllByTestId("link-line")).toHaveLength(3);
});
