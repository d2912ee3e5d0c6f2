/**
 * @file Scopes of a parsed script: which names are declared where, which references they have, and
 * where `this`, `arguments`, `super` and `new.target` come from. One walk over acorn's tree;
 * afterwards every question about one function (which variables does it capture?) is a range query,
 * because inner nodes lie inside the range of outer ones.
 */
import type { AnyNode, Pattern } from "acorn";

/** How a name came to be. */
export type BindingKind =
  | "var"
  | "let"
  | "const"
  | "function"
  | "class"
  | "import"
  | "param"
  | "own";

/** A declared name. */
export interface Binding {
  readonly name: string;
  kind: BindingKind;
  /** Range in which the name is visible. */
  readonly scopeStart: number;
  readonly scopeEnd: number;
  /** The function or class declaration, or the declarator's initial value. */
  value?: AnyNode | undefined;
  /** Assignments after the declaration. */
  writes: number;
  /** For imports. */
  from?: { readonly specifier: string; readonly imported: string };
}

/** A use of a name. `member` is the property when it is only used as `name.member`. */
export interface Reference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  readonly member: string | undefined;
  readonly underTypeof: boolean;
  binding: Binding | undefined;
}

/** A use of something that belongs to the surrounding non-arrow function. */
export interface LexicalUse {
  readonly what: "this" | "super" | "new.target" | "arguments";
  readonly start: number;
  /** Start of the function or class member that provides it; -1 at the top of the script. */
  readonly owner: number;
}

/** A function or class in the script, and what directly encloses it. */
export interface FunctionNode {
  readonly node: AnyNode;
  readonly parent: AnyNode | undefined;
}

/** Everything that the walk found, in the order of the source. */
export interface Scopes {
  readonly top: ReadonlyMap<string, Binding>;
  readonly references: readonly Reference[];
  readonly lexical: readonly LexicalUse[];
  readonly functions: readonly FunctionNode[];
  /** `import.meta` and `import(` expressions. */
  readonly metas: readonly AnyNode[];
  readonly dynamicImports: readonly AnyNode[];
}

interface Scope {
  readonly names: Map<string, Binding>;
  readonly parent: Scope | undefined;
  readonly start: number;
  readonly end: number;
  /** Where `var` lands. */
  readonly isFunction: boolean;
  /** Start of the node that gives `this` here. */
  readonly owner: number;
}

/** Walks a whole program. */
export function analyseScopes(program: AnyNode): Scopes {
  const walk = new Walk(program);
  walk.visit(program, undefined);
  return walk.finish();
}

class Walk {
  readonly #functions: FunctionNode[] = [];
  readonly #lexical: LexicalUse[] = [];
  readonly #metas: AnyNode[] = [];
  readonly #imports: AnyNode[] = [];
  readonly #pending: { reference: Reference; scope: Scope }[] = [];
  readonly #top: Scope;
  #scope: Scope;

  constructor(program: AnyNode) {
    this.#top = {
      names: new Map(),
      parent: undefined,
      // Wider than any function in it, even if that is all there is.
      start: -1,
      end: program.end + 1,
      isFunction: true,
      owner: -1,
    };
    this.#scope = this.#top;
  }

  finish(): Scopes {
    for (const { reference, scope } of this.#pending) {
      reference.binding = lookUp(scope, reference.name);
      if (reference.write && reference.binding !== undefined) reference.binding.writes++;
    }
    const references = this.#pending.map(({ reference }) => reference);
    return {
      top: this.#top.names,
      references: references.sort((a, b) => a.start - b.start),
      lexical: this.#lexical,
      functions: this.#functions,
      metas: this.#metas,
      dynamicImports: this.#imports,
    };
  }

  /** Visits a node in the place of an expression or statement. */
  visit(node: AnyNode, parent: AnyNode | undefined): void {
    switch (node.type) {
      case "Identifier":
        this.#refer(node, parent, false);
        return;
      case "ThisExpression":
        this.#use("this", node.start);
        return;
      case "Super":
        this.#use("super", node.start);
        return;
      case "MetaProperty":
        if (node.meta.name === "import") this.#metas.push(node);
        else this.#use("new.target", node.start);
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.#function(node, parent);
        return;
      case "ClassDeclaration":
      case "ClassExpression":
        this.#class(node, parent);
        return;
      case "VariableDeclaration":
        for (const { id, init } of node.declarations) {
          this.#declarePattern(id, node.kind as BindingKind, init ?? undefined, node);
          if (init != null) this.visit(init, node);
        }
        return;
      default:
        this.#rest(node);
        return;
    }
  }

  #rest(node: AnyNode): void {
    switch (node.type) {
      case "MemberExpression":
        this.visit(node.object, node);
        if (node.computed) this.visit(node.property, node);
        return;
      case "Property":
        if (node.computed) this.visit(node.key, node);
        this.visit(node.value, node);
        return;
      case "AssignmentExpression":
        this.#assign(node.left, node);
        this.visit(node.right, node);
        return;
      case "UpdateExpression":
        this.#assign(node.argument as AnyNode, node);
        return;
      case "ForInStatement":
      case "ForOfStatement":
        this.#inScope(node, () => {
          if (node.left.type === "VariableDeclaration") this.visit(node.left, node);
          else this.#assign(node.left, node);
          this.visit(node.right, node);
          this.visit(node.body, node);
        });
        return;
      case "BlockStatement":
      case "ForStatement":
      case "SwitchStatement":
        this.#inScope(node, () => this.#children(node));
        return;
      case "CatchClause":
        this.#inScope(node, () => {
          if (node.param != null) this.#declarePattern(node.param, "let", undefined, node);
          this.#children(node.body);
        });
        return;
      case "LabeledStatement":
        this.visit(node.body, node);
        return;
      case "BreakStatement":
      case "ContinueStatement":
        return;
      default:
        this.#modules(node);
        return;
    }
  }

  #modules(node: AnyNode): void {
    switch (node.type) {
      case "ImportDeclaration":
        for (const specifier of node.specifiers) {
          const binding = this.#declare(specifier.local.name, "import");
          const imported =
            specifier.type === "ImportSpecifier"
              ? nameOf(specifier.imported)
              : specifier.type === "ImportDefaultSpecifier"
                ? "default"
                : "*";
          binding.from = { specifier: String(node.source.value), imported };
        }
        return;
      case "ExportNamedDeclaration":
        if (node.declaration != null) this.visit(node.declaration, node);
        return;
      case "ExportAllDeclaration":
        return;
      case "ImportExpression":
        this.#imports.push(node);
        this.#children(node);
        return;
      default:
        this.#children(node);
        return;
    }
  }

  #children(node: AnyNode): void {
    for (const key in node) {
      const child = (node as unknown as Record<string, unknown>)[key];
      if (Array.isArray(child)) {
        for (const item of child) if (isNode(item)) this.visit(item, node);
      } else if (isNode(child)) this.visit(child, node);
    }
  }

  #function(node: AnyNode, parent: AnyNode | undefined): void {
    if (!("params" in node)) return;
    this.#functions.push({ node, parent });
    if (node.type === "FunctionDeclaration" && node.id != null) {
      this.#declare(node.id.name, "function", node);
    }
    const arrow = node.type === "ArrowFunctionExpression";
    this.#inScope(
      node,
      () => {
        if (node.type === "FunctionExpression" && node.id != null) {
          this.#declare(node.id.name, "own", node);
        }
        for (const param of node.params) this.#declarePattern(param, "param", undefined, node);
        if (node.body.type === "BlockStatement") this.#children(node.body);
        else this.visit(node.body, node);
      },
      true,
      arrow ? this.#scope.owner : node.start,
    );
  }

  #class(node: AnyNode, parent: AnyNode | undefined): void {
    if (node.type !== "ClassDeclaration" && node.type !== "ClassExpression") return;
    this.#functions.push({ node, parent });
    if (node.type === "ClassDeclaration" && node.id != null) {
      this.#declare(node.id.name, "class", node);
    }
    this.#inScope(node, () => {
      if (node.id != null) this.#declare(node.id.name, "own", node);
      if (node.superClass != null) this.visit(node.superClass, node);
      for (const member of node.body.body) this.#member(member, node);
    });
  }

  /** Initialisers and static blocks have the `this` of the class or instance. */
  #member(member: AnyNode, owner: AnyNode): void {
    if (member.type === "StaticBlock") {
      this.#inScope(member, () => this.#children(member), true, member.start);
      return;
    }
    if (member.type !== "MethodDefinition" && member.type !== "PropertyDefinition") return;
    if (member.computed) this.visit(member.key as AnyNode, owner);
    if (member.value == null) return;
    if (member.type === "MethodDefinition") {
      this.visit(member.value, member);
      return;
    }
    const value = member.value;
    this.#inScope(value, () => this.visit(value, member), true, member.start);
  }

  #inScope(node: AnyNode, inside: () => void, isFunction = false, owner = this.#scope.owner): void {
    const outer = this.#scope;
    this.#scope = {
      names: new Map(),
      parent: outer,
      start: node.start,
      end: node.end,
      isFunction,
      owner,
    };
    inside();
    this.#scope = outer;
  }

  #declare(name: string, kind: BindingKind, value?: AnyNode): Binding {
    let scope = this.#scope;
    if (kind === "var")
      while (!scope.isFunction && scope.parent !== undefined) scope = scope.parent;
    const known = scope.names.get(name);
    if (known !== undefined) {
      if (known.kind === "own") known.kind = kind;
      else if (value !== undefined) known.writes++;
      if (value !== undefined) known.value = value;
      return known;
    }
    const { start: scopeStart, end: scopeEnd } = scope;
    const binding: Binding = { name, kind, scopeStart, scopeEnd, value, writes: 0 };
    scope.names.set(name, binding);
    return binding;
  }

  #declarePattern(
    pattern: Pattern,
    kind: BindingKind,
    value: AnyNode | undefined,
    parent: AnyNode,
  ): void {
    forEachTarget(pattern, {
      name: (id) => this.#declare((id as { name: string }).name, kind, value),
      expression: (node) => this.visit(node, parent),
      inner: () => {
        // A name inside a destructuring pattern does not stand for the whole value.
        value = undefined;
      },
    });
  }

  #assign(target: AnyNode, parent: AnyNode): void {
    forEachTarget(target as Pattern, {
      name: (id) => this.#refer(id, parent, true),
      expression: (node) => this.visit(node, parent),
      inner: () => {},
    });
  }

  #refer(node: AnyNode, parent: AnyNode | undefined, write: boolean): void {
    if (node.type !== "Identifier") return;
    if (node.name === "arguments") this.#use("arguments", node.start);
    const isObject = parent?.type === "MemberExpression" && parent.object === node;
    const member = isObject && !parent.computed ? nameOf(parent.property as AnyNode) : undefined;
    const reference: Reference = {
      name: node.name,
      start: node.start,
      end: node.end,
      write,
      member,
      underTypeof: parent?.type === "UnaryExpression" && parent.operator === "typeof",
      binding: undefined,
    };
    this.#pending.push({ reference, scope: this.#scope });
  }

  #use(what: LexicalUse["what"], start: number): void {
    this.#lexical.push({ what, start, owner: this.#scope.owner });
  }
}

interface Targets {
  name(node: AnyNode): void;
  /** Default values, computed keys and member expressions. */
  expression(node: AnyNode): void;
  inner(): void;
}

function forEachTarget(pattern: Pattern | AnyNode, visit: Targets): void {
  switch (pattern.type) {
    case "Identifier":
      visit.name(pattern);
      return;
    case "AssignmentPattern":
      visit.inner();
      forEachTarget(pattern.left, visit);
      visit.expression(pattern.right);
      return;
    case "RestElement":
      visit.inner();
      forEachTarget(pattern.argument, visit);
      return;
    case "ArrayPattern":
      visit.inner();
      for (const item of pattern.elements) if (item != null) forEachTarget(item, visit);
      return;
    case "ObjectPattern":
      visit.inner();
      for (const item of pattern.properties) {
        if (item.type === "RestElement") forEachTarget(item, visit);
        else {
          if (item.computed) visit.expression(item.key);
          forEachTarget(item.value, visit);
        }
      }
      return;
    default:
      visit.expression(pattern);
      return;
  }
}

function lookUp(from: Scope, name: string): Binding | undefined {
  for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.parent) {
    const binding = scope.names.get(name);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

/** The name that a key, an import or an export specifier stands for. */
export function nameOf(node: AnyNode): string {
  if (node.type === "Identifier" || node.type === "PrivateIdentifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as AnyNode).type === "string";
}
