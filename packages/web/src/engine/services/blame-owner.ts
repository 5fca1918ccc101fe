import { type EngineFault, EngineError, faultOf } from '../engine-fault.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { ownerOf } from '../paths.js';

type Me = Pick<EngineState, 'username'>;
type Changing = 'drive.write' | 'drive.writeBeside' | 'drive.makeDirectory' | 'drive.makeTextFile' | 'drive.rename' | 'drive.transfer';

/** A fault of storing something at a path: when the account of somebody else is full, its `owner` says whose. What is stored counts for whoever owns the place. */
export function blameOwner({ username }: Me, path: string, fault: EngineFault): EngineFault {
  const owner = ownerOf(path);
  if (fault.code !== 'quota' || owner === '' || owner === username) return fault;
  return { ...fault, data: { ...fault.data, owner } };
}

/** Has calls that store something say whose account is full, see {@link blameOwner}. */
export function blamingOwners<Served extends Pick<Handlers, Changing>>(state: Me, handlers: Served): Served {
  const blaming = async <T>(path: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const fault = faultOf(error);
      throw fault.code === 'quota' ? new EngineError(blameOwner(state, path, fault)) : error;
    }
  };
  return {
    ...handlers,
    'drive.write': async (args, context) => blaming(args.path, handlers['drive.write'](args, context)),
    'drive.writeBeside': async (args, context) => blaming(args.path, handlers['drive.writeBeside'](args, context)),
    'drive.makeDirectory': async (args, context) => blaming(args.directory, handlers['drive.makeDirectory'](args, context)),
    'drive.makeTextFile': async (args, context) => blaming(args.directory, handlers['drive.makeTextFile'](args, context)),
    'drive.rename': async (args, context) => blaming(args.path, handlers['drive.rename'](args, context)),
    'drive.transfer': async (args, context) => {
      const problems = await handlers['drive.transfer'](args, context);
      return problems.map((problem) => ({ ...problem, fault: blameOwner(state, args.directory, problem.fault) }));
    },
  } satisfies Pick<Handlers, Changing>;
}
