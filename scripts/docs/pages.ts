import { clusterConfigPage } from "./cluster-config-page.ts";
import { costPage } from "./cost-page.ts";
import type { Page } from "./page.ts";
import { workflowPages } from "./workflow-pages.ts";

/** Every page that is made from declarations and measurements. Takes some seconds: cost is measured in virtual time. */
export const pages = async (): Promise<Page[]> => [...workflowPages(), clusterConfigPage(), await costPage()];
