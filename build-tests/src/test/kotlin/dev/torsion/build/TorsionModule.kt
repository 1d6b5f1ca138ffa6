// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.core.domain.JavaClasses
import com.tngtech.archunit.core.importer.ClassFileImporter
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.div
import kotlin.io.path.extension
import kotlin.io.path.readText

/** A module of this repository, with the modules that it may use: the arrows of the design, written once. */
internal enum class TorsionModule(val directory: Path, val published: Boolean = true) {
    ADBAPI(ROOT / "protocols" / "adbapi"),
    AMP(ROOT / "protocols" / "amp"),
    CORE(ROOT / "core"),
    CRED(ROOT / "protocols" / "cred"),
    FRAMING(ROOT / "protocols" / "framing"),
    JSON(ROOT / "protocols" / "json"),
    KTOR(ROOT / "interop" / "ktor"),
    SPREAD(ROOT / "protocols" / "spread"),
    WEB(ROOT / "protocols" / "web"),
    WEB_CRED(ROOT / "protocols" / "web-cred"),
    WEB_TESTKIT(ROOT / "protocols" / "web-testkit"),
    JAVA_FACADE(ROOT / "java-facade"),
    LOG_JSON(ROOT / "observability" / "log-json"),
    MICROMETER(ROOT / "observability" / "micrometer"),
    TESTKIT(ROOT / "testkit"),
    TEST_SUPPORT(ROOT / "test-support", published = false),
    EXAMPLES(ROOT / "examples", published = false),
    BENCHMARKS(ROOT / "benchmarks", published = false),
    ;

    val uses: Set<TorsionModule>
        get() = when (this) {
            CORE -> emptySet()
            ADBAPI, AMP, CRED, FRAMING, KTOR, LOG_JSON, TESTKIT, TEST_SUPPORT, WEB -> setOf(CORE)
            SPREAD -> setOf(CORE, CRED)
            WEB_CRED -> setOf(CORE, CRED, WEB)
            MICROMETER -> setOf(CORE, WEB) // which is optional
            JAVA_FACADE, JSON -> setOf(CORE, FRAMING)
            WEB_TESTKIT -> setOf(CORE, TESTKIT, WEB)
            BENCHMARKS -> setOf(ADBAPI, AMP, CORE, FRAMING, JAVA_FACADE, SPREAD, TESTKIT, TEST_SUPPORT, WEB)
            EXAMPLES ->
                setOf(
                    ADBAPI, AMP, CORE, CRED, FRAMING, JAVA_FACADE, JSON, KTOR, LOG_JSON, MICROMETER, SPREAD, TESTKIT, WEB, WEB_CRED,
                    WEB_TESTKIT,
                )
        }

    val api: Path get() = directory / "api" / "${directory.fileName}.api"

    /** The committed dump of the public API, empty when there is none. */
    val apiText: String by lazy { if (Files.exists(api)) api.readText() else "" }

    /** The module's own classes, without its tests and its libraries. A module without sources has none. */
    val classFiles: List<Path> by lazy {
        val classes = directory / "target" / "classes"
        if (!Files.isDirectory(classes)) {
            emptyList()
        } else {
            Files.walk(classes).use { files ->
                files.filter { it.extension == "class" && it.fileName.toString() != "module-info.class" }.sorted().toList()
            }
        }
    }

    val classes: JavaClasses by lazy { ClassFileImporter().importPaths(classFiles) }

    override fun toString(): String = ROOT.relativize(directory).toString()

    companion object {
        /** The folder of the repository. */
        val root: Path get() = ROOT

        /** All modules together, so that a rule can follow an import from one into another. */
        val allClasses: JavaClasses by lazy { ClassFileImporter().importPaths(entries.flatMap { it.classFiles }) }

        private val owners: Map<String, TorsionModule> by lazy {
            entries.flatMap { module -> module.classes.map { it.name to module } }.toMap()
        }

        /** The module that [className] is compiled in, null when it belongs to a library. */
        fun owning(className: String): TorsionModule? = owners[className]
    }
}

/** Surefire runs a module's tests in that module's directory. */
private val ROOT: Path = Path("").toAbsolutePath().parent.also {
    check("<artifactId>torsion-parent</artifactId>" in (it / "pom.xml").readText()) {
        "run these tests in the build-tests directory, not below $it"
    }
}
