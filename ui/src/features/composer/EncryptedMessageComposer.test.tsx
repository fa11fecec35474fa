import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { draft, setDraft } from "./drafts";
import { EncryptedMessageComposer } from "./EncryptedMessageComposer";

beforeAll(() => startI18n());
afterEach(cleanup);

async function open(scene = "main") {
  const host = fakeHost(scene);
  const [first] = await host.commands.conversation_list();
  const state = await host.commands.app_state();
  if (!first || state.state !== "ready") throw new Error("the scene holds no conversation");
  const { members, algorithm } = await host.commands.conversation_show({ conversation: first.id });
  const send = vi.spyOn(host.commands, "message_send");
  setDraft(first.id, "");
  const show = () =>
    render(
      <QueryClientProvider client={new QueryClient()}>
        <HostProvider host={host}>
          <EncryptedMessageComposer
            conversationId={first.id}
            userId={state.profile.user}
            participants={members}
            isEncrypted
            encryptionAlgorithm={algorithm}
          />
        </HostProvider>
      </QueryClientProvider>,
    );
  return { id: first.id, send, show, view: show() };
}

const input = () => screen.getByTestId<HTMLTextAreaElement>("composer-input");

test("Shift+Enter begins a line, Enter sends and empties the field", async () => {
  const { id, send } = await open();
  await userEvent.type(input(), "2.14 ct{Shift>}{Enter}{/Shift}unheated{Enter}");
  expect(send).toHaveBeenCalledExactlyOnceWith({
    request: { conversation: id, text: "2.14 ct\nunheated", reply_to: null, reply_device: null },
  });
  await waitFor(() => {
    expect(input().value).toBe("");
  });
});

test("blanks alone are not sent", async () => {
  const { send } = await open();
  await userEvent.type(input(), "  {Enter}");
  expect(send).not.toHaveBeenCalled();
});

test("what was begun is there again when the conversation is opened again", async () => {
  const { show, view } = await open();
  await userEvent.type(input(), "About the clasp");
  view.unmount();
  show();
  expect(input().value).toBe("About the clasp");
});

test("what is sent after the conversation was left is not there to be sent again", async () => {
  const { id, send, show, view } = await open();
  let answer = (): void => undefined;
  send.mockImplementation(
    () =>
      new Promise((resolve) => {
        answer = () => {
          resolve({ message: "m-1", state: "sent" });
        };
      }),
  );
  await userEvent.type(input(), "Ready{Enter}");
  view.unmount();
  answer();
  await waitFor(() => {
    expect(draft(id)).toBe("");
  });
  show();
  expect(input().value).toBe("");
});

test("what is written while the last message is on its way is kept", async () => {
  const { send } = await open();
  let answer = (): void => undefined;
  send.mockImplementation(
    () =>
      new Promise((resolve) => {
        answer = () => {
          resolve({ message: "m-1", state: "sent" });
        };
      }),
  );
  await userEvent.type(input(), "Ready{Enter}");
  await userEvent.type(input(), " at four");
  answer();
  await waitFor(() => {
    expect(screen.getByTestId("composer-send").hasAttribute("disabled")).toBe(false);
  });
  expect(input().value).toBe("Ready at four");
});

test("a message that could not be sent stays in the field", async () => {
  const { send } = await open();
  send.mockRejectedValue({ code: "refused", message: "The relay refused it.", next_step: "Try again.", details: "" });
  await userEvent.type(input(), "Ready{Enter}");
  expect(await screen.findByText(/The relay refused it/)).toBeTruthy();
  expect(input().value).toBe("Ready");
});

test("a reader is told why there is nothing to write in", async () => {
  await open("reader");
  expect(screen.queryByTestId("composer-input")).toBeNull();
  expect(screen.getByText(/read/i)).toBeTruthy();
});

test("the hallmark names the cipher before anything is sent", async () => {
  await open();
  await waitFor(() => {
    expect(screen.getByTestId("hallmark").textContent).toMatch(/AES-256-GCM/);
  });
});
