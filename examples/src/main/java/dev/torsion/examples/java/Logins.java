// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.cred.AllowAnonymousAccess;
import dev.torsion.cred.Anonymous;
import dev.torsion.cred.AvatarId;
import dev.torsion.cred.Credentials;
import dev.torsion.cred.InMemoryChecker;
import dev.torsion.cred.Login;
import dev.torsion.cred.Portal;
import dev.torsion.cred.Realm;
import dev.torsion.cred.UsernamePassword;
import dev.torsion.defer.Deferreds;
import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;

/** The door of a service: who is let in, and as whom. */
public final class Logins {
  private Logins() {}

  /** The calls that a user may make; the service's own interface. */
  interface Notes {
    String read();
  }

  /** The realm makes an avatar for each user, and hears when the user leaves. */
  static Portal portal(Output out) {
    Realm realm =
        (id, mind, types) ->
            Deferreds.succeed(
                new Login<>(Notes.class, notesOf(id), () -> out.println(id + " has left")));
    return new Portal(
        realm, new InMemoryChecker().addUser("joe", "secret"), new AllowAnonymousAccess());
  }

  private static Notes notesOf(AvatarId id) {
    return () -> id.isAnonymous() ? "what hangs on the door" : "the notes of " + id.name();
  }

  /** The future completes at the end. On the reactor's thread, as the portal is. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    var portal = portal(out);
    return visit(torsion, portal, new UsernamePassword("joe", "secret"), out)
        .thenCompose(next -> visit(torsion, portal, Anonymous.INSTANCE, out))
        .thenCompose(next -> visit(torsion, portal, new UsernamePassword("joe", "guess"), out))
        .thenCompose(next -> visit(torsion, portal, new UsernamePassword("eve", "secret"), out));
  }

  private static CompletableFuture<Void> visit(
      Torsion torsion, Portal portal, Credentials credentials, Output out) {
    return portal
        .login(credentials, null, Notes.class)
        .toCompletableFuture(torsion.reactor())
        .handle(
            (login, error) -> {
              if (error == null) {
                out.println(credentials + " reads " + login.avatar().read());
                login.logout();
              } else {
                out.println(credentials + " is told: " + error.getMessage());
              }
              return null;
            });
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
