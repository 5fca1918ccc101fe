/** Two accounts on one server, each with a kept session: `ada`, and `bob`. */
import { join } from 'node:path';
import { connect, type UserSession } from '@pyrgos/client';
import { FilesWorld, password, type Ran, type RunOptions } from './files-world.js';

export class TwoPeople {
  private constructor(
    readonly world: FilesWorld,
    readonly bob: UserSession,
  ) {}

  static async start(): Promise<TwoPeople> {
    const world = await FilesWorld.start({ 'max-users': '9' });
    const server = await connect(world.server, { pointerCacheMilliseconds: 0 });
    const bob = await server.signUp({ username: 'bob', password });
    await world.keepSession();
    const people = new TwoPeople(world, bob);
    const { status, stderr } = await world.run(['login', '--session-file', people.sessionFile, '--username', 'bob'], {
      env: { PYRGOS_PASSWORD_FILE: join(world.folder, 'password') },
    });
    if (status !== 0) throw new Error(stderr);
    return people;
  }

  /** Somebody else, who has an account and no session that is kept. Close it. */
  async third(username: string): Promise<UserSession> {
    const server = await connect(this.world.server, { pointerCacheMilliseconds: 0 });
    return server.signUp({ username, password });
  }

  get ada(): UserSession {
    return this.world.session;
  }

  get bobsEnvironment(): Readonly<Record<string, string>> {
    return { PYRGOS_USERNAME: 'bob', PYRGOS_SESSION_FILE: this.sessionFile };
  }

  /** The environment of somebody without any account. */
  get strangersEnvironment(): Readonly<Record<string, string>> {
    return { PYRGOS_USERNAME: '', PYRGOS_SERVER: '', PYRGOS_SESSION_FILE: join(this.world.folder, 'nothing'), PYRGOS_PASSWORD_FILE: '' };
  }

  private get sessionFile(): string {
    return join(this.world.folder, '.kept', 'bob');
  }

  async asAda(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.world.run(args, options);
  }

  async asBob(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.world.run(args, { ...options, env: { ...this.bobsEnvironment, ...options.env } });
  }

  async asStranger(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.world.run(args, { ...options, env: { ...this.strangersEnvironment, ...options.env } });
  }

  /** What a command prints for programs, for both of them. */
  async json(who: 'ada' | 'bob', args: readonly string[]): Promise<Record<string, unknown>[]> {
    return this.world.json(args, who === 'bob' ? { env: this.bobsEnvironment } : {});
  }

  /** Makes them friends. */
  async befriend(): Promise<void> {
    await this.bob.friends.follow('ada');
    await this.ada.friends.accept('bob');
    await this.bob.friends.state();
  }

  async stop(): Promise<void> {
    this.bob.close();
    await this.world.stop();
  }
}
