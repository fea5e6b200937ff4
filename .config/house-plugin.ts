// The rules of this project that no linter ships. Proven in test/house/lint-rules.test.ts.
import { basename, dirname, join } from "node:path";

/** What a folder or an entry of src/ may import besides itself. */
interface Arrows {
  readonly folders: readonly string[];
  readonly packages: "none" | "worker" | "cron" | "node";
}

/** The part of a syntax node that these rules read. */
interface SyntaxNode {
  readonly accessibility?: string | null;
  readonly source?: { readonly value?: unknown } | null;
  readonly typeAnnotation?: { readonly type: string };
}

interface RuleContext {
  readonly filename: string;
  report(finding: { node: SyntaxNode; message: string }): void;
}

const shared = ["core", "errors", "ports"];

const arrows: Readonly<Record<string, Arrows>> = {
  core: { folders: ["errors"], packages: "none" },
  errors: { folders: [], packages: "none" },
  ports: { folders: ["core"], packages: "none" },
  cron: { folders: shared, packages: "cron" },
  worker: { folders: shared, packages: "worker" },
  testing: { folders: shared, packages: "none" },
  engine: { folders: [...shared, "images"], packages: "node" },
  images: { folders: shared, packages: "node" },
  cli: { folders: [...shared, "engine", "images"], packages: "node" },
  "index.ts": { folders: [...shared, "worker"], packages: "none" },
  "cron.ts": { folders: [...shared, "cron"], packages: "none" },
  "testing.ts": { folders: [...shared, "testing"], packages: "none" },
  "engine.ts": { folders: [...shared, "engine"], packages: "none" },
  "cli.ts": { folders: ["cli"], packages: "node" },
};

const vagueNames = new Set(["common", "helper", "helpers", "misc", "types", "util", "utils"]);

/** Folder or entry of src/ that holds the file; undefined for a file elsewhere. */
function areaOf(filename: string): string | undefined {
  return /.*\/src\/([^/]+)/.exec(filename)?.[1];
}

function findWrongArrow(filename: string, source: string): string | undefined {
  const from = areaOf(filename);
  if (from === undefined) return undefined;
  const allowed = arrows[from];
  if (allowed === undefined) return `src/${from} is new: give it a line in .config/house-plugin.ts`;
  if (!source.startsWith(".")) return findWrongPackage(from, allowed, source);
  if (source === "../../package.json" && allowed.packages === "node") return undefined;
  const to = areaOf(join(dirname(filename), source));
  if (to === from || (to !== undefined && allowed.folders.includes(to))) return undefined;
  const choice = allowed.folders.join(", ") || "itself only";
  return `src/${from} may not import src/${to ?? ".."}: it may import ${choice}`;
}

function findWrongPackage(from: string, allowed: Arrows, source: string): string | undefined {
  const isWorkerModule = source.startsWith("cloudflare:");
  if (allowed.packages === "worker" && source === "cloudflare:workers") return undefined;
  if (allowed.packages === "cron" && source === "croner") return undefined;
  if (allowed.packages === "node" && !isWorkerModule) return undefined;
  if (isWorkerModule) return `src/${from} may not import ${source}: src/worker does`;
  return `src/${from} may not import ${source}: it runs in Workers, without dependencies`;
}

const folderArrows = {
  create(context: RuleContext): Record<string, (node: SyntaxNode) => void> {
    const check = (node: SyntaxNode): void => {
      const source = node.source?.value;
      if (typeof source !== "string") return;
      const message = findWrongArrow(context.filename, source);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
      TSImportType: check,
    };
  },
};

const noAccessibility = {
  create(context: RuleContext): Record<string, (node: SyntaxNode) => void> {
    const check = (node: SyntaxNode): void => {
      if (typeof node.accessibility !== "string") return;
      const message = `"${node.accessibility}" does not hide a member from RPC: use #name, or nothing`;
      context.report({ node, message });
    };
    return {
      MethodDefinition: check,
      PropertyDefinition: check,
      AccessorProperty: check,
      TSAbstractMethodDefinition: check,
      TSAbstractPropertyDefinition: check,
      TSParameterProperty: check,
    };
  },
};

const noAsNever = {
  create(context: RuleContext): Record<string, (node: SyntaxNode) => void> {
    return {
      TSAsExpression(node: SyntaxNode): void {
        if (node.typeAnnotation?.type !== "TSNeverKeyword") return;
        context.report({ node, message: '"as never" fits everywhere and proves nothing' });
      },
    };
  },
};

const noVagueFileName = {
  create(context: RuleContext): Record<string, (node: SyntaxNode) => void> {
    return {
      Program(node: SyntaxNode): void {
        const folder = dirname(context.filename);
        const isTypeTest = folder.endsWith("/test/types"); // checked by tsc, never run
        const names = [basename(context.filename), isTypeTest ? "" : basename(folder)];
        const vague = names.find((name) => vagueNames.has(name.replace(/\..*$/, "")));
        if (vague === undefined) return;
        context.report({
          node,
          message: `"${vague}" names no idea: call it after its main export`,
        });
      },
    };
  },
};

const plugin = {
  meta: { name: "house" },
  rules: {
    "folder-arrows": folderArrows,
    "no-accessibility": noAccessibility,
    "no-as-never": noAsNever,
    "no-vague-file-name": noVagueFileName,
  },
};

export default plugin;
