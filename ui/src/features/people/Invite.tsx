import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type InviteView, type Role, useAction, useHost } from "../../data/client";
import { date } from "../../data/time";
import styles from "./People.module.css";

const ROLES: Role[] = ["owner", "admin", "member", "read_only", "guest"];
const DAYS = ["1", "7", "30", "90"] as const;

export function Invite({ myRole, onClose }: { myRole: Role; onClose: () => void }): ReactNode {
  const { t, i18n } = useTranslation();
  const host = useHost();
  const [role, setRole] = useState<Role>("member");
  const [days, setDays] = useState<(typeof DAYS)[number]>("7");
  const [copied, setCopied] = useState(false);
  const create = useAction<undefined, InviteView>((commands) =>
    commands.invite_create({ request: { role, days: Number(days) } }),
  );
  const invite = create.data;
  return (
    <Dialog
      title={t("people.inviteTitle")}
      lead={invite ? t("people.linkLead", { when: date(invite.expires_at, i18n.language) }) : undefined}
      onClose={onClose}
      actions={
        <>
          <Button testId="dialog-close" onPress={onClose}>
            {invite ? t("app.close") : t("app.cancel")}
          </Button>
          {invite ? (
            <Button
              kind="primary"
              onPress={() => {
                void host.copy(invite.link).then(() => {
                  setCopied(true);
                });
              }}
            >
              {copied ? t("app.copied") : t("app.copy")}
            </Button>
          ) : (
            <Button
              kind="primary"
              testId="invite-create"
              isDisabled={create.isPending}
              onPress={() => {
                create.mutate(undefined);
              }}
            >
              {t("people.createLink")}
            </Button>
          )}
        </>
      }
    >
      {invite ? (
        <p dir="ltr" className={styles["link"]} data-testid="invite-link">
          {invite.link}
        </p>
      ) : (
        <div className={styles["pair"]}>
          <Choice
            label={t("people.inviteRole")}
            value={role}
            options={ROLES.filter((each) => myRole === "owner" || each !== "owner").map((each) => ({
              value: each,
              label: t(`role.${each}`),
            }))}
            onChange={setRole}
          />
          <Choice
            label={t("people.inviteDays")}
            value={days}
            options={DAYS.map((each) => ({ value: each, label: t("people.days", { count: Number(each) }) }))}
            onChange={setDays}
          />
        </div>
      )}
      <Problem error={create.error} />
    </Dialog>
  );
}
