import { PanelRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../components/Avatar";
import { Button } from "../components/Button";
import { Empty, Problem, ProblemPage } from "../components/States";
import {
  type CallMedia,
  type CallSummary,
  type ConversationDetails,
  type FileView,
  type MessageView,
  useConversation,
} from "../data/client";
import { CallButtons } from "../features/call/CallButtons";
import { CallRow } from "../features/call/CallRow";
import { EncryptedMessageComposer } from "../features/composer/EncryptedMessageComposer";
import { Details } from "../features/details/Details";
import { Attachments } from "../features/files/Attachments";
import { DropArea } from "../features/files/DropArea";
import { FileRow } from "../features/files/FileRow";
import { Uploads } from "../features/files/Transfers";
import { Thread } from "../features/thread/Thread";
import { ThreadSkeleton } from "../features/thread/ThreadSkeleton";
import styles from "./ConversationView.module.css";

export function ConversationView({ id, userId }: { id: string | null; userId: string }): ReactNode {
  const { t } = useTranslation();
  if (!id) return <Empty title={t("thread.pick")} lead={t("thread.pickLead")} />;
  return <Chosen key={id} id={id} userId={userId} />;
}

function Chosen({ id, userId }: { id: string; userId: string }): ReactNode {
  const conversation = useConversation(id);
  const [showsDetails, setShowsDetails] = useState(false);
  const [replyTo, setReplyTo] = useState<MessageView | null>(null);
  const [asked, setAsked] = useState<CallMedia | null>(null);
  if (conversation.isPending) return <ThreadSkeleton />;
  if (conversation.isError) {
    return (
      <ProblemPage>
        <Problem error={conversation.error} onRetry={() => void conversation.refetch()} />
      </ProblemPage>
    );
  }
  const details = conversation.data;
  return (
    <div className={styles["place"]}>
      <div className={styles["view"]} data-details={showsDetails}>
        <DropArea
          conversation={id}
          enabled={details.rights.post && !details.removed}
          className={styles["column"] ?? ""}
        >
          <Header
            details={details}
            showsDetails={showsDetails}
            calls={<CallButtons details={details} asked={asked} onAsk={setAsked} />}
            onDetails={() => {
              setShowsDetails(!showsDetails);
            }}
          />
          <Thread
            conversation={id}
            title={details.title}
            onReply={setReplyTo}
            canReply={details.rights.post}
            renderFile={renderFile}
            renderCall={renderCall}
          />
          <div className={styles["composer"]}>
            <Uploads conversation={id} />
            <EncryptedMessageComposer
              conversationId={id}
              userId={userId}
              participants={details.members}
              isEncrypted
              encryptionAlgorithm={details.algorithm}
              attachments={<Attachments conversation={id} members={details.members} />}
              replyTo={replyTo}
              onVideoCallInitiated={() => {
                setAsked("video");
              }}
              onMessageSent={() => {
                setReplyTo(null);
              }}
              onStopReply={() => {
                setReplyTo(null);
              }}
            />
          </div>
        </DropArea>
        {showsDetails ? <Details details={details} /> : null}
      </div>
    </div>
  );
}

const renderFile = (file: FileView): ReactNode => <FileRow file={file} />;

const renderCall = (call: CallSummary): ReactNode => <CallRow call={call} />;

interface HeaderProps {
  calls: ReactNode;
  details: ConversationDetails;
  showsDetails: boolean;
  onDetails: () => void;
}

function Header({ details, showsDetails, calls, onDetails }: HeaderProps): ReactNode {
  const { t, i18n } = useTranslation();
  const names = new Intl.ListFormat(i18n.language).format(details.members.map((member) => member.handle));
  return (
    <header className={styles["header"]}>
      <Avatar name={details.title || "·"} />
      <div className={styles["titles"]}>
        <h2 className={styles["title"]}>{details.title || t("list.untitled")}</h2>
        <div className={styles["readers"]}>{names}</div>
      </div>
      {calls}
      <Button
        kind="icon"
        testId="details-toggle"
        aria-label={t("thread.details")}
        aria-pressed={showsDetails}
        onPress={onDetails}
      >
        <PanelRight className="mirrored" size="1.1875rem" strokeWidth={1.75} aria-hidden />
      </Button>
    </header>
  );
}
