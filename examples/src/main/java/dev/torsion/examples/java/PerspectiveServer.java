// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.spread.pb.PBServerFactory;
import dev.torsion.spread.pb.Referenceable;
import dev.torsion.spread.pb.Remote;
import dev.torsion.spread.pb.Root;
import java.util.List;

/**
 * The root object of a server: one of its methods returns a second object, which is called in turn.
 */
public final class PerspectiveServer implements Root {
  private final Output out;

  public PerspectiveServer(Output out) {
    this.out = out;
  }

  @Remote("get_main")
  public List<Object> main(String message0, String message1) {
    out.println(message0);
    out.println(message1);
    return List.of("2. server: get_main runs", "3. server: here is a second object", new Second());
  }

  final class Second implements Referenceable {
    @Remote("server2_main")
    public void main(String message) {
      out.println(message);
      out.println("5. server: server2_main runs");
    }
  }

  public static void main(String[] args) {
    System.exit(
        Torsion.runUntilStopped(
            torsion ->
                torsion.listen(
                    "tcp:8800", new PBServerFactory(new PerspectiveServer(Output.CONSOLE)))));
  }
}
