import { isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { readKeywords } from './keywords/keyword-families.ts';
import { KeywordReader } from './keywords/keyword-reader.ts';
import type { SchemaSettings, SubschemaFinder } from './keywords/keyword-reader.ts';
import type { Descent } from './json-pointer.ts';
import { makePlan } from './make-plan.ts';
import { invalidSchema, schemaLimit } from './schema-error.ts';
import type { SchemaLibrary } from './schema-library.ts';
import { SchemaNode } from './schema-node.ts';
import type { RawSchema, SchemaPoint, SchemaResource } from './schema-resource.ts';
import { locationOf } from './schema-resource.ts';

/**
 * What the `$dynamicAnchor`s mean that were passed on the way to a subschema: for each name the outermost one. A subschema is compiled once
 * for each scope that it is reached in, so that nothing of it has to be known at validation.
 */
class DynamicScope {
  readonly anchors: ReadonlyMap<string, SchemaPoint>;
  /** What was compiled in this scope. */
  readonly nodes: Map<JSONObject, SchemaNode> = new Map();
  readonly inner: Map<SchemaResource, DynamicScope> = new Map();

  constructor(anchors: ReadonlyMap<string, SchemaPoint>) {
    this.anchors = anchors;
  }
}

/** Compiles a subschema and all that it needs, without recursion. */
export class SchemaCompiler implements SubschemaFinder {
  readonly #settings: SchemaSettings;
  readonly #library: SchemaLibrary;
  readonly #outermost = new DynamicScope(new Map());
  readonly #scopes: DynamicScope[] = [this.#outermost];
  readonly #nodes: SchemaNode[] = [];
  /** The scope that each node was compiled in, at its index. */
  readonly #scopesOfNodes: DynamicScope[] = [];
  /** Whether every node is applied by one other only. */
  #isTree = true;

  constructor(settings: SchemaSettings, library: SchemaLibrary) {
    this.#settings = settings;
    this.#library = library;
  }

  /** The compiled root of a resource. @throws as `compileSchema`. */
  compile(resource: SchemaResource): SchemaNode {
    const root = this.#nodeAt(resource.root, resource, undefined, this.#enter(this.#outermost, resource));
    for (const node of this.#nodes) if (isObject(node.value)) readKeywords(new KeywordReader(this.#settings, node, node.value, this), node.value);
    if (this.#isTree) this.#planTree();
    else this.#planGraph();
    return root;
  }

  child(owner: SchemaNode, value: RawSchema, keyword: string, token: string | number | undefined): SchemaNode {
    const scope = this.#scopesOfNodes[owner.index] as DynamicScope;
    const embedded = isObject(value) && Object.hasOwn(value, '$id') ? this.#library.resourceOf(value) : undefined;
    if (embedded !== undefined) return this.#nodeAt(value, embedded, undefined, this.#enter(scope, embedded));
    const at = { above: owner.path, token: keyword };
    return this.#nodeAt(value, owner.resource, token === undefined ? at : { above: at, token }, scope);
  }

  referred(owner: SchemaNode, reference: string, keyword: '$ref' | '$dynamicRef'): SchemaNode {
    const scope = this.#scopesOfNodes[owner.index] as DynamicScope;
    const point = this.#library.resolve(owner.resource, reference, () => locationOf(owner.resource, { above: owner.path, token: keyword }));
    // Only where the name it first leads to is a dynamic one, the outermost of that name is meant.
    const dynamic = keyword === '$dynamicRef' && point.dynamicName !== undefined ? scope.anchors.get(point.dynamicName) : undefined;
    const { value, resource, path } = dynamic ?? point;
    return this.#nodeAt(value, resource, path, this.#enter(scope, resource));
  }

  #nodeAt(value: RawSchema, resource: SchemaResource, path: Descent | undefined, scope: DynamicScope): SchemaNode {
    const known = isObject(value) ? scope.nodes.get(value) : undefined;
    if (known !== undefined) {
      this.#isTree = false;
      return known;
    }
    const node = new SchemaNode(value, resource, path, this.#nodes.length);
    if (isObject(value)) scope.nodes.set(value, node);
    const { maxSubschemas } = this.#settings.bounds;
    this.#scopesOfNodes.push(scope);
    if (this.#nodes.push(node) > maxSubschemas) throw schemaLimit('maxSubschemas', maxSubschemas, 'subschemas');
    return node;
  }

  /** The scope inside of `resource`, as reached from `scope`. */
  #enter(scope: DynamicScope, resource: SchemaResource): DynamicScope {
    return resource.dynamicAnchors.size === 0 ? scope : this.#enterAnchored(scope, resource);
  }

  #enterAnchored(scope: DynamicScope, resource: SchemaResource): DynamicScope {
    const known = scope.inner.get(resource);
    if (known !== undefined) return known;
    const added = [...resource.dynamicAnchors].filter(([name]) => !scope.anchors.has(name));
    const inner = added.length === 0 ? scope : this.#scopeFor(new Map([...scope.anchors, ...added]));
    scope.inner.set(resource, inner);
    return inner;
  }

  /** One scope for equal anchors, however they were come by. */
  #scopeFor(anchors: ReadonlyMap<string, SchemaPoint>): DynamicScope {
    const same = this.#scopes.find((scope) => scope.anchors.size === anchors.size && [...anchors].every(([name, point]) => scope.anchors.get(name) === point));
    if (same !== undefined) return same;
    const scope = new DynamicScope(anchors);
    const { maxSubschemas } = this.#settings.bounds;
    if (this.#scopes.push(scope) > maxSubschemas) throw schemaLimit('maxSubschemas', maxSubschemas, 'dynamic scopes');
    return scope;
  }

  /** Plans every node behind those that it applies, which were all found later. */
  #planTree(): void {
    for (let index = this.#nodes.length - 1; index >= 0; index--) this.#plan(this.#nodes[index] as SchemaNode);
  }

  /** The same where references lead anywhere; refuses those that lead back without going on in the value, as applying them would never end. */
  #planGraph(): void {
    walkDepthFirst(this.#nodes, true, {
      onLoop: (node) => {
        throw invalidSchema(node.location, 'an endless loop of references: it applies itself to the same value');
      },
    });
    walkDepthFirst(this.#nodes, false, { onLeave: (node) => this.#plan(node) });
  }

  #plan(node: SchemaNode): void {
    const { maxSchemaRecursion } = this.#settings.bounds;
    node.plan = makePlan(node);
    if (node.plan.height > maxSchemaRecursion) throw schemaLimit('maxSchemaRecursion', maxSchemaRecursion, 'subschemas applied inside of each other');
  }
}

interface WalkHearer {
  /** A node was met that is not left yet. */
  readonly onLoop?: (node: SchemaNode) => void;
  /** All nodes below were left. */
  readonly onLeave?: (node: SchemaNode) => void;
}

const ENTERED = 1;
const LEFT = 2;

/** Walks over a graph depth first, without recursion; over all edges, or over those in place. */
function walkDepthFirst(nodes: readonly SchemaNode[], isInPlaceOnly: boolean, hearer: WalkHearer): void {
  const states = new Uint8Array(nodes.length);
  const stack: SchemaNode[] = [];
  const positions: number[] = [];
  const enter = (node: SchemaNode): void => {
    states[node.index] = ENTERED;
    stack.push(node);
    positions.push(0);
  };
  for (const start of nodes) {
    if (states[start.index] === 0) enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const position = positions[stack.length - 1] ?? 0;
      positions[stack.length - 1] = position + 1;
      const edge = top.edges[position];
      if (edge === undefined) {
        states[top.index] = LEFT;
        stack.pop();
        positions.pop();
        hearer.onLeave?.(top);
      } else if (edge.isInPlace || !isInPlaceOnly) {
        if (states[edge.node.index] === 0) enter(edge.node);
        else if (states[edge.node.index] === ENTERED) hearer.onLoop?.(edge.node);
      }
    }
  }
}
