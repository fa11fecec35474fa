import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider, type MessageView } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { Message } from "./Message";

beforeAll(() => startI18n());
afterEach(cleanup);

const plain: MessageView = {
  id: "m-1",
  conversation: "c-1",
  device: "d-1",
  from: "ben",
  user: "u-ben",
  mine: false,
  sent_at: "2026-11-23T09:00:00Z",
  sequence: 1,
  epoch: 1,
  text: "2.14 ct",
  reply_to: null,
  reply_device: null,
  written_before: false,
  unconfirmed: false,
  state: "received",
  verified: true,
  kind: "text",
  problem: null,
  file: null,
  call: null,
};

function show(change: Partial<MessageView>) {
  const host = fakeHost("main");
  const view = render(
    <QueryClientProvider client={new QueryClient()}>
      <HostProvider host={host}>
        <Message
          message={{ ...plain, ...change }}
          opensGroup
          answers={undefined}
          renderFile={() => null}
          renderCall={({ call }) => call}
        />
      </HostProvider>
    </QueryClientProvider>,
  );
  return { host, text: view.container.textContent };
}

test("a kind that is not known here was sent by a newer version, said once", () => {
  const { text } = show({ kind: "unknown", text: null, problem: "Sent by a newer version." });
  expect(text.match(/newer version/g)).toHaveLength(1);
  expect(show({ kind: "hologram" as MessageView["kind"], text: null }).text).toMatch(/newer version/);
});

test("what can't be read says why, and shows none of its words", () => {
  const { text } = show({ kind: "unreadable", verified: false, problem: "Its signature does not fit." });
  expect(text).toMatch(/can't be shown\. Its signature does not fit\./);
  expect(text).not.toMatch(/2\.14 ct/);
});

test("words that are not verified are not shown", () => {
  expect(show({ verified: false }).text).not.toMatch(/2\.14 ct/);
});

test("what the relay lost and nobody brought back is marked, with its words", () => {
  const { text } = show({ state: "lost", sequence: null });
  expect(text).toMatch(/2\.14 ct/);
  expect(text).toMatch(/not on the relay/);
  expect(show({ state: "lost", sequence: null, mine: true }).text).toMatch(/not on the relay/);
  expect(show({}).text).not.toMatch(/not on the relay/);
});

const refused = { mine: true, state: "refused", sequence: null, problem: "The relay has no room left." } as const;
const failure = { code: "offline", message: "The relay does not answer.", next_step: "Try again later.", details: "" };

test.each([
  ["message_retry", "Try again"],
  ["message_cancel", "Discard"],
] as const)("that %s failed is said, with what to do next", async (command, name) => {
  const { host } = show(refused);
  vi.spyOn(host.commands, command).mockRejectedValue(failure);
  await userEvent.click(screen.getByRole("button", { name }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toBe("The relay does not answer.Try again later.");
});

test("a message that was written before those above it says so, and explains it to the keyboard too", async () => {
  show({ written_before: true });
  await userEvent.tab();
  expect(document.activeElement?.textContent).toBe("written before the messages above");
  expect((await screen.findByRole("tooltip")).textContent).toMatch(/had not seen the messages above/);
});

test("an own message that nobody confirms is marked, one that was confirmed is not", () => {
  show({ mine: true, state: "sent", unconfirmed: true });
  expect(screen.getByTestId("unconfirmed").textContent).toBe("not confirmed");
  cleanup();
  show({ mine: true, state: "sent" });
  expect(screen.queryByTestId("unconfirmed")).toBeNull();
  expect(screen.queryByTestId("written-before")).toBeNull();
});
