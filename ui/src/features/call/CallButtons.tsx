import { Link, Phone, Video } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { isRunning, useCall } from "../../data/calls";
import { type CallMedia, type ConversationDetails, useAction } from "../../data/client";
import { BeforeCall } from "./BeforeCall";
import { ControlButton } from "./ControlButton";
import styles from "./Call.module.css";
import { InviteClient } from "./InviteClient";

interface Props {
  details: ConversationDetails;
  /** A call is asked for elsewhere: the composer's button. */
  asked: CallMedia | null;
  onAsk: (media: CallMedia | null) => void;
}

/** Calls of a conversation: by voice, by video, and a client by a link. */
export function CallButtons({ details, asked, onAsk }: Props): ReactNode {
  const { t } = useTranslation();
  const [invites, setInvites] = useState(false);
  const call = useCall().data;
  const show = useAction<null>((commands) => commands.call_show());
  if (!details.rights.post || details.removed) return null;
  const isHere = call?.conversation === details.id && isRunning(call);
  return (
    <>
      {isHere ? (
        <Button
          testId="call-return"
          onPress={() => {
            show.mutate(null);
          }}
        >
          {t("call.return")}
        </Button>
      ) : (
        <>
          <ControlButton
            plain
            testId="call-audio"
            label={t("call.callAudio")}
            onPress={() => {
              onAsk("audio");
            }}
          >
            <Phone size="1.1875rem" strokeWidth={1.75} aria-hidden />
          </ControlButton>
          <ControlButton
            plain
            testId="call-video"
            label={t("call.callVideo")}
            onPress={() => {
              onAsk("video");
            }}
          >
            <Video size="1.1875rem" strokeWidth={1.75} aria-hidden />
          </ControlButton>
        </>
      )}
      <ControlButton
        plain
        testId="call-invite"
        label={t("call.invite")}
        onPress={() => {
          setInvites(true);
        }}
      >
        <Link size="1.1875rem" strokeWidth={1.75} aria-hidden />
      </ControlButton>
      <span className={styles["dialogs"]}>
        {asked ? (
          <BeforeCall
            conversation={details.id}
            title={details.title}
            media={asked}
            onClose={() => {
              onAsk(null);
            }}
          />
        ) : null}
        {invites ? (
          <InviteClient
            conversation={details.id}
            media="video"
            onClose={() => {
              setInvites(false);
            }}
          />
        ) : null}
      </span>
    </>
  );
}
