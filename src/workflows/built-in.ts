/** The workflows that come with Tutti. */
import { WorkflowRegistry } from "./registry.ts";
import { codeReview } from "./templates/code-review.ts";
import { devopsSetup } from "./templates/devops-setup.ts";
import { featurePipeline } from "./templates/feature-pipeline.ts";
import { fullstackDev } from "./templates/fullstack-dev.ts";
import { incidentResponse } from "./templates/incident-response.ts";
import { issue } from "./templates/issue.ts";
import { performanceOptimization } from "./templates/performance-optimization.ts";
import { reviewAssemblyLine } from "./templates/review-assembly-line.ts";
import { scoutPlanBuildReview } from "./templates/scout-plan-build-review.ts";
import { securityAudit } from "./templates/security-audit.ts";
import { testingSuite } from "./templates/testing-suite.ts";

export function builtInTemplates(registry: WorkflowRegistry): void {
  registry.register(fullstackDev);
  registry.register(securityAudit);
  registry.register(testingSuite);
  registry.register(performanceOptimization);
  registry.register(codeReview);
  registry.register(devopsSetup);
  registry.register(scoutPlanBuildReview);
  registry.register(incidentResponse);
  registry.register(reviewAssemblyLine);
  registry.register(featurePipeline);
  registry.register(issue);
}

/** A registry of one's own with all of them; whoever loads a user's files into it leaves the shared one alone. */
export function builtInWorkflows(): WorkflowRegistry {
  const registry = new WorkflowRegistry();
  builtInTemplates(registry);
  return registry;
}

/** The one that a program adds its own workflows to. */
export const workflowRegistry: WorkflowRegistry = builtInWorkflows();
