/** A model that can be called. Apart from `providers`, because the packages' types need those of browsers. */
import type { LanguageModel } from "ai";
import type { ModelRef } from "./model-ref.ts";
import { baseUrlOf, configOf, type Providers } from "./providers.ts";

/** A model object; a bare string would be routed to the gateway of the package's vendor. */
export type SdkModel = Exclude<LanguageModel, string>;

/**
 * One model for one call, so that the call's own fetch can watch it. `configFault` has been asked before. Of OpenAI's
 * two protocols only the younger one can search the web.
 */
export async function sdkModel(
  ref: ModelRef,
  providers: Providers,
  { fetch, searches = false }: { readonly fetch: typeof globalThis.fetch; readonly searches?: boolean },
): Promise<SdkModel> {
  const { apiKey } = configOf(ref, providers);
  const baseURL = baseUrlOf(ref, providers) ?? "";
  // Absent, the packages would look into the environment; a gateway of the user's own may need none.
  const options = { apiKey: apiKey || "none", baseURL, fetch };
  switch (ref.provider) {
    case "anthropic":
      return (await import("@ai-sdk/anthropic")).createAnthropic(options)(ref.id);
    case "openai": {
      const openai = (await import("@ai-sdk/openai")).createOpenAI(options);
      return searches ? openai.responses(ref.id) : openai.chat(ref.id);
    }
    case "google":
      return (await import("@ai-sdk/google")).createGoogle(options)(ref.id);
    case "ollama":
    case "compatible": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      return createOpenAICompatible({
        name: ref.name ?? ref.provider,
        baseURL,
        fetch,
        ...(apiKey ? { apiKey } : {}),
        includeUsage: true,
        supportsStructuredOutputs: true,
      }).chatModel(ref.id);
    }
  }
}
