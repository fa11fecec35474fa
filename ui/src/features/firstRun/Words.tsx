import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { useHost } from "../../data/client";
import styles from "./FirstRun.module.css";
import { Head } from "./Head";
import { places } from "./places";
import { RecoveryQuestions } from "./RecoveryQuestions";

/** The recovery words, or questions about them: never both at once. */
export function Words({ words, onDone }: { words: string[]; onDone: () => void }): ReactNode {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<number[]>([]);
  const [asking, setAsking] = useState(false);
  if (asking) {
    return (
      <>
        <Head title={t("recovery.check")} lead={t("recovery.checkLead")} />
        <div className={styles["form"]}>
          <RecoveryQuestions
            asked={asked}
            back={
              <Button
                kind="quiet"
                testId="recovery-again"
                onPress={() => {
                  setAsking(false);
                }}
              >
                {t("recovery.again")}
              </Button>
            }
            onConfirmed={onDone}
          />
        </div>
      </>
    );
  }
  return (
    <>
      <Head title={t("recovery.title")} lead={t("recovery.lead")} />
      <Shown
        words={words}
        onLater={onDone}
        onContinue={() => {
          setAsked(places(asked));
          setAsking(true);
        }}
      />
    </>
  );
}

interface ShownProps {
  words: string[];
  onLater: () => void;
  onContinue: () => void;
}

function Shown({ words, onLater, onContinue }: ShownProps): ReactNode {
  const { t } = useTranslation();
  const host = useHost();
  const [copied, setCopied] = useState(false);
  return (
    <div className={styles["form"]}>
      <ol className={styles["words"]} dir="ltr">
        {words.map((word, index) => (
          <li key={index} className={styles["word"]} data-testid="recovery-word">
            {word}
          </li>
        ))}
      </ol>
      <div className={styles["actions"]}>
        <Button kind="quiet" testId="recovery-later" onPress={onLater}>
          {t("recovery.later")}
        </Button>
        <Button
          testId="recovery-copy"
          onPress={() => {
            void host.copy(words.join(" ")).then(() => {
              setCopied(true);
            });
          }}
        >
          {t(copied ? "app.copied" : "app.copy")}
        </Button>
        <Button kind="primary" testId="recovery-continue" onPress={onContinue}>
          {t("recovery.continue")}
        </Button>
      </div>
    </div>
  );
}
