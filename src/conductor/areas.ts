/** What sort of work a requirement asks for, by the words in which such things are asked for. */

export type Area = "docs" | "audit" | "tests" | "load" | "approval" | "operations" | "data" | "interface" | "service";

/** In the order in which they are tried: the first that fits says what it is. */
const AREAS: readonly (readonly [Area, RegExp])[] = [
  ["approval", /\b(?:manual )?approval\b|\bsign[- ]off\b|\bapproval gate\b/i],
  [
    "audit",
    /\baudit(?:s|ing)?\b|\bpenetration\b|\bpen[- ]?test|\bthreat model|\bvulnerabilit\w+ (?:assessment|review)\b|\bsecurity (?:review|assessment)\b|\b(?:PCI|GDPR|HIPAA|SOC ?2|ISO ?27001)\b/i,
  ],
  [
    "docs",
    /\bdocument(?:ation|ed|s)?\b|\bguides?\b|\bread ?me\b|\brunbooks?\b|\btutorials?\b|\bmanual\b(?! approval)|\bchangelog\b/i,
  ],
  [
    "load",
    /\bload[- ]?test|\bperformance (?:test|bench|optimi|tun|requirement)|\bbenchmark|\blatency\b|\bthroughput\b|\bconcurrent users\b|\bsub-?\d+ ?ms\b|\bresponse times?\b|\bp9[59]\b|\bBlack Friday\b|\buptime\b|\bSLA\b/i,
  ],
  ["tests", /\btest(?:s|ing)?\b(?! data| environment)|\bcoverage\b|\be2e\b|\bQA\b|\bquality (?:analysis|gate|check)/i],
  [
    "operations",
    /\bdeploy|\bkubernetes\b|\bhelm\b|\bdocker|\bcontainer|\bCI\b|\bCI\/CD\b|\bpipelines?\b|\brollback|\bmonitor|\balert|\bobservab|\blogging\b|\bmetrics\b|\bterraform\b|\binfrastructure\b|\bauto-?scal|\bstaging\b|\bbackups?\b|\bscann(?:er|ing)\b|\brelease\b/i,
  ],
  [
    "data",
    /\bdatabase|\bschema|\bdata model|\bmigrat|\bSQL\b|\bpostgres|\bmongo|\bETL\b|\bwarehouse\b|\bindex(?:es|ing)?\b(?=.*\b(?:table|quer))|\bquer(?:y|ies)\b/i,
  ],
  [
    "interface",
    /\bUI\b|\buser interface\b|\binterface\b|\bfrontend\b|\bfront-end\b|\bdashboard|\bpages?\b|\bscreens?\b|\bforms?\b|\bmobile app\b|\bweb app\b|\bresponsive\b|\baccessib|\bdark mode\b|\bcomponents?\b/i,
  ],
];

/** What is judged rather than built is only meant where it is said first: "a library with tests and a guide" is a library. */
const JUDGED: ReadonlySet<Area> = new Set(["docs", "audit", "load", "tests"]);
const FIRST = 45;

export function areaOf(text: string): Area {
  const found = AREAS.find(([area, words]) => {
    const at = text.search(words);
    return at >= 0 && (!JUDGED.has(area) || at < FIRST);
  });
  return found?.[0] ?? "service";
}

/** Whether whoever attacks would care. */
export const isSensitive = (text: string): boolean =>
  /\bauth|\blog ?in\b|\bsign[- ]?in\b|\bpassword|\btoken|\bOAuth|\bMFA\b|\bsecret|\bpayment|\bpersonal data\b|\buser data\b|\bGDPR\b|\bPCI\b|\bsecur|\bcompliance\b|\bencrypt|\bpermission|\badmin\b|\bupload/i.test(
    text,
  );

export const holdsData = (text: string): boolean =>
  /\bdata|\buser|\baccount|\binventory\b|\border|\bpayment|\bsession|\bcatalog|\bsearch\b|\bstore|\bprofile|\brecord|\bhistory\b|\bcache|\bcart\b|\bmessage/i.test(
    text,
  );
