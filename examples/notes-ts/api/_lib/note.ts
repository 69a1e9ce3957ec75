// What a note is, and a handler that asks who is there and what was sent.
import { z } from "zod";

export const Draft = z.object({
  title: z.string().trim().min(1).max(100),
  text: z.string().max(5000).default(""),
});

export const Change = z
  .object({ title: Draft.shape.title, text: z.string().max(5000) })
  .partial()
  .refine((change) => Object.keys(change).length > 0, "send `title` or `text`");

export const Search = z.object({
  q: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().optional(),
});

export const Nothing = z.unknown();

export type Note = z.infer<typeof Draft> & { id: string; at: string };

export const problem = (status: number, error: string, details?: object) =>
  ({ status, body: { error, ...details } });

/** A handler for who is signed in, with what was sent as the schema has it. */
export function checked<T extends z.ZodType>(
  schema: T,
  answer: (given: z.output<T>, params: Record<string, string>) => unknown,
) {
  return (req: Visit) => {
    // Ends the request here where nobody is.
    fazt.auth.requireLogin();
    const sent = schema.safeParse(req.method === "GET" ? req.query : req.body);
    if (!sent.success) {
      const fields = sent.error.issues.map(({ path, message }) => ({ field: path.join("."), message }));
      return problem(422, "this does not fit", { fields });
    }
    try {
      return answer(sent.data, req.params);
    } catch (error) {
      // A cursor of another query, say.
      if ((error as { code?: string }).code === "VALIDATION_FAILED") {
        return problem(422, (error as Error).message);
      }
      throw error;
    }
  };
}
