import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { type CallPerson, type CallView, type GuestView, useAction } from "../../data/client";
import styles from "./Call.module.css";
import { SafetyCode } from "./SafetyCode";

/** Clients at the door, and the code that is compared with one who has come in. */
export function Guests({ call }: { call: CallView }): ReactNode {
  const [compared, setCompared] = useState<string[]>([]);
  const open = call.people.find((person) => person.safety_code && !compared.includes(person.safety_code));
  return (
    <>
      {call.guests_waiting.map((guest) => (
        <Waiting key={guest.id} guest={guest} />
      ))}
      {open ? (
        <Code
          person={open}
          onSame={() => {
            setCompared((before) => [...before, open.safety_code ?? ""]);
          }}
        />
      ) : null}
    </>
  );
}

function Waiting({ guest }: { guest: GuestView }): ReactNode {
  const { t } = useTranslation();
  const admit = useAction((commands, id: string) => commands.call_guest_admit({ guest: id }));
  const refuse = useAction((commands, id: string) => commands.call_guest_refuse({ guest: id }));
  const busy = admit.isPending || refuse.isPending;
  return (
    <div className={styles["bar"]} data-tone="quiet" data-testid="call-waiting" data-guest={guest.id}>
      <span className={styles["barText"]}>
        <strong>
          <bdi>{t("call.door.waits", { name: guest.name })}</bdi>
        </strong>{" "}
        <span className={styles["second"]}>{t("call.door.lead")}</span>
      </span>
      <Button
        testId="call-refuse"
        isDisabled={busy}
        onPress={() => {
          refuse.mutate(guest.id);
        }}
      >
        {t("call.door.refuse")}
      </Button>
      <Button
        kind="primary"
        testId="call-admit"
        isDisabled={busy}
        onPress={() => {
          admit.mutate(guest.id);
        }}
      >
        {t("call.door.admit")}
      </Button>
      <Problem error={admit.error ?? refuse.error} />
    </div>
  );
}

function Code({ person, onSame }: { person: CallPerson; onSame: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["bar"]} data-tone="good">
      <span className={styles["barText"]}>
        <SafetyCode person={person} />
      </span>
      <Button testId="call-code-same" onPress={onSame}>
        {t("call.code.same")}
      </Button>
    </div>
  );
}
