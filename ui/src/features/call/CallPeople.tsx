import { MicOff, MonitorUp, VideoOff } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type CallPerson, type CallView, useAction, useConversation } from "../../data/client";
import styles from "./Call.module.css";
import { InviteClient } from "./InviteClient";
import { SafetyCode } from "./SafetyCode";
import { SidePanel } from "./SidePanel";

/** Who is in the call; clients can be sent away, and more invited. */
export function CallPeople({ call, onClose }: { call: CallView; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const [inviting, setInviting] = useState(false);
  const conversation = useConversation(call.conversation).data;
  return (
    <SidePanel title={t("call.control.people")} testId="call-people-panel" onClose={onClose}>
      <ul className={styles["people"]}>
        <li className={styles["person"]}>
          <Avatar name={t("call.you")} />
          <span className={styles["personName"]}>{t("call.you")}</span>
          <Marks microphone={call.microphone} camera={call.camera} screen={call.screen} />
        </li>
        {call.people.map((person) => (
          <Person key={person.id} person={person} />
        ))}
      </ul>
      {conversation && conversation.rights.post ? (
        <Button
          testId="call-invite"
          onPress={() => {
            setInviting(true);
          }}
        >
          {t("call.invite")}
        </Button>
      ) : null}
      {inviting ? (
        <InviteClient
          conversation={call.conversation}
          media={call.media}
          onClose={() => {
            setInviting(false);
          }}
        />
      ) : null}
    </SidePanel>
  );
}

function Person({ person }: { person: CallPerson }): ReactNode {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  const away = useAction((commands, id: string) => commands.call_guest_send_away({ guest: id }));
  return (
    <li className={styles["person"]} data-testid="call-person" data-person={person.id}>
      <Avatar name={person.name} />
      <span className={styles["personName"]}>
        <bdi>{person.name}</bdi>
        {person.is_guest ? <span className={styles["second"]}>{t("call.guest")}</span> : null}
      </span>
      <Marks microphone={person.microphone} camera={person.camera} screen={person.screen} />
      {person.is_guest ? (
        <span className={styles["wide"]}>
          <SafetyCode person={person} />
          <Button
            testId="call-send-away"
            onPress={() => {
              setAsks(true);
            }}
          >
            {t("call.door.sendAway")}
          </Button>
        </span>
      ) : null}
      {asks ? (
        <Confirm
          title={t("call.door.sendAwayTitle", { name: person.name })}
          lead={t("call.door.sendAwayLead", { name: person.name })}
          action={t("call.door.sendAway")}
          danger
          busy={away.isPending}
          problem={<Problem error={away.error} />}
          onConfirm={() => {
            away.mutate(person.id, {
              onSuccess: () => {
                setAsks(false);
              },
            });
          }}
          onClose={() => {
            setAsks(false);
          }}
        />
      ) : null}
    </li>
  );
}

function Marks({ microphone, camera, screen }: Pick<CallPerson, "microphone" | "camera" | "screen">): ReactNode {
  const { t } = useTranslation();
  return (
    <span className={styles["marks"]}>
      {microphone ? null : <MicOff size="1rem" role="img" aria-hidden={false} aria-label={t("call.tile.muted")} />}
      {camera ? null : <VideoOff size="1rem" role="img" aria-hidden={false} aria-label={t("call.tile.cameraOff")} />}
      {screen ? <MonitorUp size="1rem" role="img" aria-hidden={false} aria-label={t("call.control.share")} /> : null}
    </span>
  );
}
