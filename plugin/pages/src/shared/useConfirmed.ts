import { usePage } from "../app/context.tsx";
import { kindOf } from "./problem.ts";

/** The person would not give their password: nothing was done, and nothing is to be said about it. */
export class NotConfirmed extends Error {
  override readonly name = "NotConfirmed";
}

/** Does what administering needs a fresh password for: where the host asks for it, the person is asked, and it is done again. */
export function useConfirmed(): <T>(attempt: () => Promise<T>) => Promise<T> {
  const { confirm } = usePage();
  return async (attempt) => {
    try {
      return await attempt();
    } catch (error) {
      if (kindOf(error) !== "confirmation-required") throw error;
      if (!(await confirm())) throw new NotConfirmed();
      return attempt();
    }
  };
}
