// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb;

/** A copy of a {@link Stock}, which says when it comes. */
class RemoteStock extends RemoteCache {
  private final Runnable came;

  RemoteStock(Runnable came) {
    this.came = came;
  }

  @Override
  public void setCopyableState(Object state) {
    came.run();
  }
}
