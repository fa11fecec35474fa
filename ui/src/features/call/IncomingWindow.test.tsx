import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { IncomingWindow } from "./IncomingWindow";

beforeAll(() => startI18n());
afterEach(cleanup);

async function open(scene: string) {
  const host = fakeHost(scene);
  const spies = {
    answer: vi.spyOn(host.commands, "call_answer"),
    decline: vi.spyOn(host.commands, "call_decline"),
    refuse: vi.spyOn(host.commands, "call_guest_refuse"),
    close: vi.spyOn(host, "closeWindow"),
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <HostProvider host={host}>
        <IncomingWindow />
      </HostProvider>
    </QueryClientProvider>,
  );
  await screen.findByTestId("incoming");
  return spies;
}

test("it says who calls and where", async () => {
  await open("incoming");
  const words = (await screen.findByText("ben calls")).parentElement;
  await waitFor(() => {
    expect(words?.textContent).toMatch(/Video call in Ring 2041 · Moreau/);
  });
});

test.each([
  ["incoming-video", true],
  ["incoming-audio", false],
])("%s answers with the camera accordingly, and the window goes", async (button, isCameraOn) => {
  const { answer, close } = await open("incoming");
  await userEvent.click(screen.getByTestId(button));
  expect(answer.mock.calls[0]?.[0].request).toMatchObject({ call: "call-now", options: { is_camera_on: isCameraOn } });
  await waitFor(() => {
    expect(close).toHaveBeenCalled();
  });
});

test("nothing is answered by a key that was meant for something else", async () => {
  const { answer } = await open("incoming");
  await userEvent.keyboard("{Enter} ");
  expect(answer).not.toHaveBeenCalled();
});

test("declining declines the call that rings", async () => {
  const { decline, refuse } = await open("incoming");
  await userEvent.click(screen.getByTestId("incoming-decline"));
  expect(decline).toHaveBeenCalledExactlyOnceWith({ call: "call-now" });
  expect(refuse).not.toHaveBeenCalled();
});

test("a client at the door is named, and refused by name", async () => {
  const { refuse, decline } = await open("incoming-guest");
  expect(screen.getByRole("heading").textContent).toBe("Mrs Aldaine waits at the door");
  await userEvent.click(screen.getByTestId("incoming-decline"));
  expect(refuse).toHaveBeenCalledExactlyOnceWith({ guest: "g-aldaine" });
  expect(decline).not.toHaveBeenCalled();
});
