import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { readBuild, reload } from '../data/build.js';
import type { Live } from '../data/live.js';

/** A page that is a file of its own in the bundle, and is fetched when it is first opened. */
export class PageFile<Props> {
  /** Undefined until it was fetched. */
  page: ComponentType<Props> | undefined;

  constructor(readonly load: () => Promise<ComponentType<Props>>) {}

  /** One that is in the first file already. */
  static of<Props>(page: ComponentType<Props>): PageFile<Props> {
    const file = new PageFile(async () => page);
    file.page = page;
    return file;
  }
}

/**
 * The page once it is there; 'missing' when it cannot be fetched. After an upgrade the appliance no longer has the files of this build:
 * the whole console is then fetched anew. While nobody answers, that waits for the connection to come back.
 */
export function usePage<Props>(file: PageFile<Props>, live: Live): ComponentType<Props> | 'missing' | undefined {
  const [found, setFound] = useState<'missing' | 'fetched' | undefined>(file.page && 'fetched');
  useEffect(() => {
    if (file.page) return;
    let isLeft = false;
    const recover = async () => {
      const build = await readBuild();
      if (!isLeft && (build !== 'other' || !reload())) setFound('missing');
    };
    const take = (page: ComponentType<Props>) => {
      file.page = page;
      if (!isLeft) setFound('fetched');
    };
    void file.load().then(take, recover);
    return () => {
      isLeft = true;
    };
  }, []);
  useEffect(() => (found === 'missing' ? live.onReturn(() => void reload()) : undefined), [found]);
  return found === 'fetched' ? file.page : found;
}
