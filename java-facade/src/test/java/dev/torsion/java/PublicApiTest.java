// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** No user of the facade sees a type of Kotlin's. */
class PublicApiTest {
  private static List<Class<?>> publicClasses() throws Exception {
    Path root = Path.of(Torsion.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path directory = root.resolve(Torsion.class.getPackageName().replace('.', '/'));
    List<Class<?>> classes = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (!name.endsWith(".class") || name.equals("package-info.class")) continue;
        Class<?> type =
            Class.forName(
                Torsion.class.getPackageName() + "." + name.substring(0, name.length() - 6));
        if (Modifier.isPublic(type.getModifiers())) classes.add(type);
      }
    }
    return classes;
  }

  @Test
  void noSignatureHasATypeOfKotlins() throws Exception {
    var classes = publicClasses();
    assertTrue(classes.contains(Connection.class) && classes.contains(Torsion.Main.class));
    var offending =
        classes.stream()
            .flatMap(type -> Stream.of(type.getConstructors(), type.getMethods()))
            .flatMap(Arrays::stream)
            .map(Executable::toGenericString)
            .filter(signature -> signature.contains("kotlin"))
            .toList();
    assertEquals(List.of(), offending);
  }
}
