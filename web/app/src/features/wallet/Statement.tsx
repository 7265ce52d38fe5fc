// The statement of the last month, as a file.
import { useClient } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, useAttempt } from "../../ui/index.ts";

export function Statement() {
  const { t } = useTexts();
  const { api } = useClient();
  const { attempt, isBusy } = useAttempt();
  const load = () =>
    attempt(async () => {
      const params = { query: { format: "xlsx" as const } };
      const { data, error } = await api.GET("/api/user/statement", { params, parseAs: "blob" });
      if (!data) throw error;
      const url = URL.createObjectURL(data as unknown as Blob);
      const link = document.createElement("a");
      link.href = url;
      link.download = "statement.xlsx";
      link.click();
      URL.revokeObjectURL(url);
    });
  return (
    <Button kind="plain" isBusy={isBusy} onPress={() => void load()}>
      {t.wallet.statement}
    </Button>
  );
}
