// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.Wire;
import dev.torsion.group.ReactorGroup;

/** The protocols of {@link TorsionCallbackServer} on several loops. */
final class TorsionGroupServer implements BenchServer {
  private final int loops;

  TorsionGroupServer(int loops) {
    this.loops = loops;
  }

  @Override
  public int start(Wire wire) {
    var group = ReactorGroup.create(loops);
    group.start();
    return group.listenTcp(0, reactor -> TorsionCallbackServer.factory(wire)).join().port();
  }
}
