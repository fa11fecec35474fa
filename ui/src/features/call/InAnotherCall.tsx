import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type CallView, useAction, useConversation } from "../../data/client";

/** Why no call can be begun now, and the way to the one that goes on. */
export function InAnotherCall({ call, onClose }: { call: CallView; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const title = useConversation(call.conversation).data?.title || t("list.untitled");
  const show = useAction<null>((commands) => commands.call_show());
  return (
    <Dialog
      title={t("call.another.title")}
      lead={t("call.another.lead", { title })}
      onClose={onClose}
      actions={
        <>
          <Button testId="dialog-close" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button
            kind="primary"
            testId="call-another-return"
            autoFocus
            isDisabled={show.isPending}
            onPress={() => {
              show.mutate(null, { onSuccess: onClose });
            }}
          >
            {t("call.return")}
          </Button>
        </>
      }
    >
      <Problem error={show.error} />
    </Dialog>
  );
}
