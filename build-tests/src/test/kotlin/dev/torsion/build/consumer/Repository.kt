// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.consumer

import dev.torsion.build.TorsionModule
import java.nio.file.Path
import kotlin.io.path.copyTo
import kotlin.io.path.createDirectories
import kotlin.io.path.div
import kotlin.io.path.exists
import kotlin.io.path.name
import kotlin.io.path.readText
import kotlin.io.path.writeText

/**
 * A Maven repository with the artifacts of this build, as they would be published. They have a version of their own there: one that somebody
 * has installed must not be taken for them.
 */
internal object Repository {
    const val VERSION = "this-build"

    val folder: Path by lazy {
        val repository = TorsionModule.root / "build-tests" / "target" / "repository"
        repository.toFile().deleteRecursively()
        put(repository, TorsionModule.root / "bom")
        TorsionModule.entries.filter { it.published }.forEach { put(repository, it.directory) }
        repository
    }

    /** The published pom of [module]. */
    fun pomOf(module: TorsionModule): String = pomIn(module.directory)

    private fun pomIn(directory: Path) = (directory / "target" / ".flattened-pom.xml").readText()

    private fun put(repository: Path, directory: Path) {
        val pom = pomIn(directory)
        val artifact = Regex("<artifactId>(torsion-[\\w-]+)</artifactId>").find(pom)!!.groupValues[1]
        val version = Regex("<version>([^<]+)</version>").find(pom)!!.groupValues[1]
        val target = (repository / "dev" / "torsion" / artifact / VERSION).createDirectories()
        (target / "$artifact-$VERSION.pom").writeText(pom.replace("<version>$version</version>", "<version>$VERSION</version>"))
        if (directory.name == "bom") return
        val jar = directory / "target" / "$artifact-$version.jar"
        check(jar.exists()) { "there is no $jar: these tests belong to the phase integration-test (./mvnw verify)" }
        jar.copyTo(target / "$artifact-$VERSION.jar")
    }
}
