package org.vidstyle.camera

import android.Manifest
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.BitmapShader
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Shader
import android.os.Bundle
import android.widget.ImageView
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.core.content.ContextCompat
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import java.util.concurrent.Executors

private const val MODEL = "style.tflite" // in app/src/main/assets
private const val WIDTH = 360 // px, of the upright picture that is shown
private const val HEIGHT = 640
private const val BORDER = 24 // px mirrored around it: the network paints a rim where its input ends
private const val INPUT_WIDTH = WIDTH + 2 * BORDER // of the model, as in `vidstyle export --size`
private const val INPUT_HEIGHT = HEIGHT + 2 * BORDER

/** The camera's picture in a style: CameraX in, LiteRT in the middle, an ImageView out. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor() // owns the painter
    private lateinit var view: ImageView

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        view = ImageView(this).apply { scaleType = ImageView.ScaleType.CENTER_CROP }
        setContentView(view)
        val allowed = ContextCompat.checkSelfPermission(this, Manifest.permission.CAMERA)
        if (allowed == PackageManager.PERMISSION_GRANTED) {
            start()
        } else {
            registerForActivityResult(ActivityResultContracts.RequestPermission()) { granted ->
                if (granted) start() else finish()
            }.launch(Manifest.permission.CAMERA)
        }
    }

    override fun onDestroy() {
        super.onDestroy()
        worker.shutdown()
    }

    private fun start() {
        val coming = ProcessCameraProvider.getInstance(this)
        coming.addListener({
            val frames = ImageAnalysis.Builder()
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .build()
            var painter: Painter? = null
            frames.setAnalyzer(worker) { frame ->
                val ready = painter ?: Painter(this).also { painter = it }
                val painted = frame.use { ready.paint(upright(it)) }
                runOnUiThread { view.setImageBitmap(painted) }
            }
            coming.get().bindToLifecycle(this, CameraSelector.DEFAULT_BACK_CAMERA, frames)
        }, ContextCompat.getMainExecutor(this))
    }

    /** The middle of a frame, upright, WIDTH x HEIGHT. */
    private fun upright(frame: ImageProxy): Bitmap {
        val turns = frame.imageInfo.rotationDegrees
        val (wide, high) = if (turns % 180 == 0) frame.width to frame.height
        else frame.height to frame.width
        val scale = maxOf(WIDTH / wide.toFloat(), HEIGHT / high.toFloat())
        val placed = Matrix().apply {
            postTranslate(-frame.width / 2f, -frame.height / 2f)
            postRotate(turns.toFloat())
            postScale(scale, scale)
            postTranslate(WIDTH / 2f, HEIGHT / 2f)
        }
        val picture = Bitmap.createBitmap(WIDTH, HEIGHT, Bitmap.Config.ARGB_8888)
        Canvas(picture).drawBitmap(frame.toBitmap(), placed, Paint(Paint.FILTER_BITMAP_FLAG))
        return picture
    }
}

/** A style by `vidstyle export --to tflite`; belongs to one thread. */
class Painter(activity: ComponentActivity) {
    // Accelerator.GPU takes a model in float32 (`--precision float32`); this one computes in int8.
    private val model =
        CompiledModel.create(activity.assets, MODEL, CompiledModel.Options(Accelerator.CPU))
    private val inputs = model.createInputBuffers() // one: 1 x height x width x 3, RGB 0..1
    private val outputs = model.createOutputBuffers() // the same
    private val bordered =
        Bitmap.createBitmap(INPUT_WIDTH, INPUT_HEIGHT, Bitmap.Config.ARGB_8888)
    private val pixels = IntArray(INPUT_WIDTH * INPUT_HEIGHT)
    private val image = FloatArray(3 * pixels.size)

    /** Returns the painting of a picture of WIDTH x HEIGHT. */
    fun paint(picture: Bitmap): Bitmap {
        mirrorBorder(picture)
        bordered.getPixels(pixels, 0, INPUT_WIDTH, 0, 0, INPUT_WIDTH, INPUT_HEIGHT)
        for (i in pixels.indices) {
            image[3 * i] = (pixels[i] shr 16 and 255) / 255f
            image[3 * i + 1] = (pixels[i] shr 8 and 255) / 255f
            image[3 * i + 2] = (pixels[i] and 255) / 255f
        }
        inputs[0].writeFloat(image)
        model.run(inputs, outputs)
        val painted = outputs[0].readFloat()
        for (i in pixels.indices) {
            val red = level(painted[3 * i]) shl 16
            val green = level(painted[3 * i + 1]) shl 8
            pixels[i] = 0xFF shl 24 or red or green or level(painted[3 * i + 2])
        }
        val inside = BORDER * INPUT_WIDTH + BORDER
        return Bitmap.createBitmap(WIDTH, HEIGHT, Bitmap.Config.ARGB_8888).apply {
            setPixels(pixels, inside, INPUT_WIDTH, 0, 0, WIDTH, HEIGHT)
        }
    }

    private fun mirrorBorder(picture: Bitmap) {
        val mirror = Shader.TileMode.MIRROR
        val mirrored = BitmapShader(picture, mirror, mirror)
        mirrored.setLocalMatrix(Matrix().apply { setTranslate(BORDER.toFloat(), BORDER.toFloat()) })
        Canvas(bordered).drawPaint(Paint().apply { shader = mirrored })
    }

    private fun level(value: Float): Int = (255 * value + 0.5f).toInt().coerceIn(0, 255)
}
