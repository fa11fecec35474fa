import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Opening, Problem, ProblemPage } from "../components/States";
import { HostProvider, useAppState } from "../data/client";
import { Locked } from "../features/locked/Locked";
import type { Host } from "../host/host";
import { MainWindow } from "./MainWindow";

// Each window of the app reads what it shows, and no more.
const CallWindow = lazy(async () => ({ default: (await import("../features/call/CallWindow")).CallWindow }));
const IncomingWindow = lazy(async () => ({
  default: (await import("../features/call/IncomingWindow")).IncomingWindow,
}));
const FirstRun = lazy(async () => ({ default: (await import("../features/firstRun/FirstRun")).FirstRun }));

/** Which of the app's windows this is. */
type AppWindow = "main" | "call" | "incoming";

export function windowOf(parameters: URLSearchParams): AppWindow {
  const asked = parameters.get("window");
  return asked === "call" || asked === "incoming" ? asked : "main";
}

export function App({ host, window }: { host: Host; window: AppWindow }): ReactNode {
  // What is read stays good until the core says otherwise.
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: { queries: { staleTime: Infinity, retry: false, refetchOnWindowFocus: false } },
      }),
  );
  return (
    <I18nProvider locale={useTranslation().i18n.language}>
      <QueryClientProvider client={client}>
        <HostProvider host={host}>
          <Screen window={window} />
        </HostProvider>
      </QueryClientProvider>
    </I18nProvider>
  );
}

function Screen({ window }: { window: AppWindow }): ReactNode {
  const state = useAppState();
  const [enrolling, setEnrolling] = useState(false);
  if (state.isPending) return <Opening />;
  if (state.isError) {
    return (
      <ProblemPage>
        <Problem error={state.error} onRetry={() => void state.refetch()} />
      </ProblemPage>
    );
  }
  if (state.data.state === "new" || enrolling) {
    return (
      <Suspense fallback={<Opening />}>
        <FirstRun
          onBegin={() => {
            setEnrolling(true);
          }}
          onDone={() => {
            setEnrolling(false);
          }}
        />
      </Suspense>
    );
  }
  if (state.data.state === "locked") return <Locked slots={state.data.slots} reason={state.data.reason} />;
  if (window !== "main") {
    return <Suspense fallback={<Opening />}>{window === "call" ? <CallWindow /> : <IncomingWindow />}</Suspense>;
  }
  return <MainWindow profile={state.data.profile} recoveryConfirmed={state.data.recovery_confirmed} />;
}
