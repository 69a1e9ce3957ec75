// /api/hello/Ann: what stands in brackets in the file's name is in `params`.
import { greet } from "../_lib/greet.js";

export default (req) => greet(req.params.name);
