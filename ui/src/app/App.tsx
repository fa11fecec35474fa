import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Opening, Problem, ProblemPage } from "../components/States";
import { HostProvider, useAppState } from "../data/client";
import { Locked } from "../features/locked/Locked";
import type { Host } from "../host/host";
import { MainWindow } from "./MainWindow";

const FirstRun = lazy(async () => ({ default: (await import("../features/firstRun/FirstRun")).FirstRun }));

export function App({ host }: { host: Host }): ReactNode {
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
          <Screen />
        </HostProvider>
      </QueryClientProvider>
    </I18nProvider>
  );
}

function Screen(): ReactNode {
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
  return <MainWindow profile={state.data.profile} recoveryConfirmed={state.data.recovery_confirmed} />;
}
