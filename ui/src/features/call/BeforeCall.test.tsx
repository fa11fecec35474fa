import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { BeforeCall } from "./BeforeCall";

beforeAll(async () => {
  // The library asks it for selectors; jsdom has none.
  vi.stubGlobal("CSS", { escape: (text: string) => text });
  await startI18n();
});
afterEach(cleanup);

function open(scene: string) {
  const host = fakeHost(scene);
  const onClose = vi.fn();
  const preview = vi.spyOn(host.commands, "call_preview_start");
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <HostProvider host={host}>
        <BeforeCall conversation="c-1" title="Ring 2041" media="audio" onClose={onClose} />
      </HostProvider>
    </QueryClientProvider>,
  );
  return { host, onClose, preview };
}

// The preview and the call's own camera were drawn into one picture.
test("with a call going on elsewhere nothing is tried out, and the way leads back to it", async () => {
  const { host, onClose, preview } = open("call");
  const show = vi.spyOn(host.commands, "call_show");
  await userEvent.click(await screen.findByTestId("call-another-return"));
  expect(screen.queryByTestId("call-start")).toBeNull();
  expect(show).toHaveBeenCalledOnce();
  expect(onClose).toHaveBeenCalledOnce();
  expect(preview).not.toHaveBeenCalled();
});

test("the call that one begins oneself is not another one", async () => {
  const { host, onClose } = open("main");
  const start = vi.spyOn(host.commands, "call_start");
  await userEvent.click(await screen.findByTestId("call-start"));
  await vi.waitFor(() => {
    expect(onClose).toHaveBeenCalledOnce();
  });
  expect(start).toHaveBeenCalledOnce();
  expect(screen.queryByTestId("call-another-return")).toBeNull();
});
