import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { FirstRun } from "./FirstRun";

beforeAll(() => startI18n());
afterEach(cleanup);

test("a weak passphrase is named where it was typed, with what to do, and goes when it is changed", async () => {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <HostProvider host={fakeHost("new")}>
        <FirstRun onBegin={vi.fn()} onDone={vi.fn()} />
      </HostProvider>
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByTestId("door-create"));
  await userEvent.type(screen.getByTestId("field-name"), "Maison Lune");
  await userEvent.type(screen.getByTestId("field-handle"), "ana");
  await userEvent.click(screen.getByTestId("more"));
  const field = screen.getByTestId("field-passphrase");
  await userEvent.type(field, "x");
  await userEvent.click(screen.getByTestId("submit"));
  expect(
    await screen.findByText(/too short to withstand guessing. Add three or four words/, {}, { timeout: 3000 }),
  ).toBeTruthy();
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(screen.queryByRole("alert")).toBeNull();
  await userEvent.type(field, " ruby lantern bridge dusk");
  await waitFor(() => {
    expect(field.getAttribute("aria-invalid")).toBeNull();
  });
});
